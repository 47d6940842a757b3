//! The questions that the reader of the simulated year saves, and what newsletters say that answers them or only looks so.

/// A question that a reader saves, and what is planted for it.
pub struct Saved {
    pub name: &'static str,
    pub question: &'static str,
    /// Discussions that answer it: the question as a newsletter asks it, and an answer.
    pub plants: &'static [(&'static str, &'static str)],
    /// Discussions that share words with it, and answer something else.
    pub near: &'static [(&'static str, &'static str)],
}

pub const SAVED: &[Saved] = &[
    Saved {
        name: "usage-pricing",
        question: "How do I price a usage-based plan?",
        plants: &[
            (
                "How do I price a usage-based plan?",
                "Price a usage-based plan by the unit that your customers already count. We charged for each report in \
                 {month}, and {number} of our accounts stayed.",
            ),
            (
                "What price should we put on a plan that is billed by usage?",
                "Set the price of a usage plan so that a typical customer pays what the flat plan cost. Then cap the bill \
                 at {number} times that, because a surprise ends the contract.",
            ),
            (
                "How should usage-based pricing begin?",
                "Start usage-based pricing with a free allowance, and price what lies above it. {number} percent of our \
                 customers never left the allowance, and the plan paid for itself.",
            ),
            (
                "Is there a way to price usage without scaring customers?",
                "Show the running bill on every page. Customers accept a usage price that they can see, and a plan with a \
                 cap of {number} dollars was the one that sold.",
            ),
            (
                "We bill by the call. How do we pick the rate?",
                "Take what {number} calls cost you, triple it, and ask ten buyers whether the rate feels fair. We moved \
                 it twice in {month}.",
            ),
        ],
        near: &[
            (
                "How do I price a conference ticket?",
                "Price the ticket at what the dinner costs, and sell {number} of them early.",
            ),
            (
                "How do we report usage of {thing}?",
                "Report usage once a month, by team, and leave out {number} test accounts.",
            ),
        ],
    },
    Saved {
        name: "sunset",
        question: "When should we sunset an old feature?",
        plants: &[
            (
                "When should we sunset an old feature?",
                "Sunset an old feature when it costs more to keep than its users pay. Ours had {number} users and took \
                 two engineers in {month}.",
            ),
            (
                "When is it time to sunset a feature?",
                "It is time to sunset a feature once fewer than {number} accounts opened it in a quarter, and each of \
                 them has another way.",
            ),
            (
                "How do we decide to retire an old feature?",
                "Retire an old feature after you have called the ten customers that use it most. If {number} percent of \
                 them shrug, set the date.",
            ),
            (
                "Which old features should we sunset first?",
                "Sunset the features that break most often first. In {month} we switched off {number} of them, and the \
                 support mail halved.",
            ),
            (
                "Our legacy report has few users. Do we switch it off?",
                "Switch it off when the last contract that names it ends, and say so {number} weeks before.",
            ),
        ],
        near: &[
            (
                "When should we announce a new feature?",
                "Announce a new feature when {number} customers have used it for a month.",
            ),
            (
                "Where do we put the sunset photo of {event}?",
                "Put the photo on the wall, and leave {number} copies at the door.",
            ),
        ],
    },
    Saved {
        name: "first-analyst",
        question: "How do we hire our first data analyst?",
        plants: &[
            (
                "How do we hire our first data analyst?",
                "Hire your first data analyst for the questions that you ask each week. We gave {number} candidates a \
                 messy table, and hired the one who asked where it came from.",
            ),
            (
                "What should we look for when we hire a first data analyst?",
                "Look for a data analyst who can explain one number to the sales team. Ours spent {number} days with \
                 them before she touched a query.",
            ),
            (
                "When do we need to hire a data analyst?",
                "Hire a data analyst when product managers spend {number} hours a week in spreadsheets. Before that, \
                 borrow one.",
            ),
            (
                "How do we interview a data analyst without a data team?",
                "Ask the data analyst to criticise a chart of yours. We hired the first who found all {number} faults.",
            ),
            (
                "We have no data team. Who comes first?",
                "An analyst comes first, not an engineer. Ours answered {number} questions in {month} with the tables that \
                 we had.",
            ),
        ],
        near: &[
            (
                "How do we hire a night porter?",
                "Hire a porter who lives near, and pay for {number} taxis.",
            ),
            (
                "Where does our data go before {event}?",
                "It goes to a bucket that {number} people can read.",
            ),
        ],
    },
    Saved {
        name: "interviews",
        question: "How many customer interviews are enough?",
        plants: &[
            (
                "How many customer interviews are enough?",
                "Customer interviews are enough when the last three taught you nothing. For us that was after {number}, in \
                 {month}.",
            ),
            (
                "How many interviews do we need before we build?",
                "Hold interviews with customers until you can guess the next answer. We needed {number}, and stopped.",
            ),
            (
                "Are five customer interviews enough?",
                "Five interviews are enough for one kind of customer. With three kinds we held {number}, and two of them \
                 changed the plan.",
            ),
            (
                "When do we stop interviewing customers?",
                "Stop interviewing when two customers in a row only repeat the others. After {number} talks that is the \
                 rule, not the exception.",
            ),
            (
                "What is a good sample for discovery calls?",
                "A dozen calls for each segment is plenty. In {month} we made {number} and learned nothing after the \
                 tenth.",
            ),
        ],
        near: &[
            (
                "How many monitors are enough for a customer desk?",
                "One monitor is enough, and {number} cables are too many.",
            ),
            (
                "How many job interviews should a candidate have?",
                "A candidate should meet {number} people on one day, and hear the next morning.",
            ),
        ],
    },
    Saved {
        name: "slipped-roadmap",
        question: "How do I tell customers that the roadmap slipped?",
        plants: &[
            (
                "How do I tell customers that the roadmap slipped?",
                "Tell customers the same day that the roadmap slipped, and give the new date with its risk. We called \
                 {number} of them in {month}, and none left.",
            ),
            (
                "What do we tell a customer when the roadmap slips?",
                "Tell the customer what slipped, why, and what they get instead. A roadmap that moves {number} weeks is \
                 forgiven, silence is not.",
            ),
            (
                "The roadmap slipped by a quarter. Who tells the customers?",
                "The product manager tells the customers, not sales. Mine wrote {number} letters about the slipped \
                 roadmap by hand.",
            ),
            (
                "How honest should we be with customers about roadmap delays?",
                "Be honest with customers about every delay of the roadmap. We publish {number} dates, and mark those that \
                 slipped.",
            ),
            (
                "A promised date will not hold. How do we say so?",
                "Say so before they ask, with a reason that they can pass on. We lost {number} deals the one time we \
                 waited.",
            ),
        ],
        near: &[
            (
                "How do I tell the cleaners that {thing} slipped behind the desk?",
                "Leave a note on the desk, and a torch for {number} minutes.",
            ),
            (
                "Who draws the roadmap for {event}?",
                "A designer draws it in {number} hours, and nobody else touches it.",
            ),
        ],
    },
    Saved {
        name: "onboarding-metric",
        question: "Which metric shows that onboarding works?",
        plants: &[
            (
                "Which metric shows that onboarding works?",
                "The metric that shows whether onboarding works is the share of accounts that do the core task twice in a \
                 week. Ours rose to {number} percent in {month}.",
            ),
            (
                "What metric do you use for onboarding?",
                "We use one metric for onboarding: days until the second report. It fell from {number} to four.",
            ),
            (
                "How do we measure whether our onboarding works?",
                "Measure onboarding by who comes back in week four. {number} percent did, and no other metric moved with \
                 it.",
            ),
            (
                "Does time to value show that onboarding works?",
                "Time to value shows that onboarding works only if value is something that the customer does. Take \
                 {number} accounts and watch them.",
            ),
            (
                "How do we know that new users get it?",
                "New users get it when they invite a colleague. {number} of a hundred do so within a week.",
            ),
        ],
        near: &[
            (
                "Which metric ruler shows the height of {thing}?",
                "The steel one shows it best, up to {number} centimetres.",
            ),
            (
                "How does onboarding of the new cook work?",
                "The cook gets a knife, a key and {number} recipes.",
            ),
        ],
    },
];
