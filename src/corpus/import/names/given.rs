//! Lists given names of many languages, as one sign among others that two capitalized words name a person.
//!
//! `Google Docs` and `Anna Smith` have the same shape. A first word that people are called by, and that is hardly ever
//! anything else, tells them apart. Names that are also words of a business text (Mark, Grace, Austin) are not listed. A
//! name that is missing here is not rejected: other signs must then show that it is one.

use std::collections::HashSet;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization as _;

/// Given names without accents, in lower case, separated by white space.
const GIVEN: &str = "
    aaron abdel abdul abdullah abebe abigail achieng adaeze adam ade adebayo adela adele aditi aditya adrian adriana
    agata agnes agnieszka ahmad ahmed aiko aino aisha akira aksel alain alan albert alberto alec alejandra alejandro
    aleksandar aleksandra alena alessandro alessia alex alexander alexandra alexandre alexei alexis alfonso alfred ali
    alice alicia alin alina alison allison alyssa amadou amaka amanda amara amelia amina aminata amir amit amy ana
    anand ananya anastasia anders andre andrea andreas andrei andres andrew andriy andrzej andy angela angelina anh
    anika anil anita anja anjali anjelica ann anna annabel anne annette annie annika anthony antoine anton antonia
    antonio anya aram ariana arjun armen arnaud arthur arturo arun arvid asha ashley ashok ashwin astrid asuka audrey
    aurelie axel ayesha aylin ayse babatunde barbara bart bashir beata beatrice beatriz becky ben bence benedikt
    benjamin bernard bernardo bert beth betty bhavna bianca bilal biljana bjarne bjorn bob bodil bogdan bogdana bohdan
    boris boyd bozena brad bram brandon branko brenda brendan brett brian bridget britta bruno bryan burak byron caleb
    camila camille carina carl carla carlo carlos carmen caroline cassandra catalin cecilia cedric celia cem chad
    charles charlie charlotte chen chiamaka chiara chidi chinedu chloe chris christa christina christine christoph
    christophe christopher cindy claire clara claudia claus clemens clement cleo connor corinne cornelia cosmin craig
    cristian cristina cyril daan daiki damian dan dana daniel daniela danielle danny daria dario dariusz darren dave
    david dawit debbie deborah declan deepa deepak dejan denis denise deniz dennis derek desmond devon diana diane
    diego dieter dimitri dina dirk divya dmitri dmitriy dmitry dominic dominik dominique donald donna dora dorothea
    dorothy doug douglas dragan dragos duncan dwight ebru edda eddie edgar edith edouard eduardo edward edwin eero
    egor eileen eitan ekaterina elaine eleanor elena eleni elias elif elin elisa elisabeth elise eliza elizabeth ella
    ellen elliot elliott elsa emeka emil emilia emilie emilio emily emma emmanuel emre enrico enrique eric erica erik
    erika erin ernesto esteban esther eszter ethan etienne eugene eva evan evelyn ewa fabian fabio fabrice faisal
    farah farid fatima fatou federico felicia felipe felix femke ferdinand fernanda fernando filip filippo finn fiona
    flavia fleur florian florin fran frances francesca francesco francis francisco francois franz fred freddie
    frederic frederik freya frida friedrich fritz funmi gabor gabriel gabriela gabriele gareth gary gaurav gavin
    gayane geoff geoffrey george georgios gerald gerard gerhard ghada gheorghe gianni gilbert gina giorgi giorgio
    giovanni gitte giulia giulio giuseppe gloria gonzalo goran gordon graham greg gregor gregory greta gudrun guido
    guillaume guillermo gunnar gustav gustavo gwen hamid hamza hana hanna hannah hanne hannes hans harald harold
    harriet harry haruto hasan hassan hedda hedwig heidi heiko heinrich heinz helen helena helene helga henning henri
    henrietta henrik henrique henry hermann hilary hilda hiroshi hisham hiwot hoang huang huda hugh hugo huong hussein
    iain ian ibrahim ibrahima ida ieva ignacio igor ilaria ildiko ileana ilse imran indira ines inese inga inge ingrid
    ioana ioannis ionut irene irina irma iryna isaac isabel isabella isabelle ismail istvan ivan ivana ivo jaap jackie
    jacob jacqueline jacques jaime jakob jakub jamal james jamie jamila jan jana jane janet janice janine janis janos
    jared jaroslav jason javier jean jeanne jeff jeffrey jelena jenna jennie jennifer jenny jens jeremy jeroen jerome jerry
    jesper jessica jiho jill jim jimmy jing jiri jisoo joachim joan joana joanna joanne joao joaquin jochen joe joel
    joelle joerg joey johan johann johanna johannes john johnny jomar jon jonas jonathan joost jorge jorgen jose josef
    josefina joseph josephine josh joshua josie jovana juan juana judith judy juha jukka jules julia julian juliana
    julie julien juliette julio jurgen justin justine justyna kai kaisa kaito kamal kamau kamila karam karel karen
    karim karima karin karina karl karla karolina karsten kasper katalin katarina katarzyna kate katerina kateryna
    katharina katherine kathleen kathrin kathryn kathy katie katja katrin katrina kavita kayla keiko keith kelvin
    kenji kenneth kenta kerem kerstin kevin khaled khalid kieran kim kimberly kiran kirsten klara klaus kofi konrad
    konstantin konstantinos krishna kristen kristin kristina kristjan kristof krzysztof kumar kurt kwame kyle ladislav
    laila lakshmi lalita lara larissa larry lars laszlo latisha laura lauren laurence laurent lauri layla lea leah
    leandro lee leila lena lenka lennart leo leon leona leonard leonardo leonie leslie leticia lewis leyla li liam
    lidia lieke lieve liis lili lilian liliana lina linda lindiwe linh lionel lisa lise liu liviu ljiljana lorena
    lorenzo lotte lou louis louisa louise luc luca lucas lucia luciana lucie lucy ludovic luis luisa luka lukas luke
    luuk lydia lynn lyudmila maarten maciej madeleine magda magdalena magnus maha mahmoud maja malgorzata malik
    mamadou manfred manish manoj manon mantas manuel manuela marc marcel marcela marcelo marcin marco marcos marcus
    marek margaret margarita margot marguerite maria mariana marianne maricel marie marieke marija marika mario marion
    marisa marjan marjorie marketa marko markus marlene marta martha martin martina martine mary marzena masha massimo
    mateo mateusz mathias mathieu mathilde matilda matt matteo matthew matthias matthieu maureen maurice mauricio
    maurizio maxim maxime maximilian maya meenakshi meera megan mehmet mei melanie melissa merve mette mia micah
    michael michaela michal michel michele michelle miguel mihai mika mikael mikhail mikko mila milan milena milos
    minh minjun mira miranda mircea miriam mirjana miroslav mitch mohamed mohammad mohammed mohan mona monica monika
    monique moritz morten moses moshe moussa muhammad mukesh murat mustafa mwangi mykola nabil nadezhda nadia nadine
    nadir naoko naomi nasser natalia natalie natalya natasha nathalie nathan nathaniel naveen nebojsa neha neil
    nemanja ngozi nguyen nia niamh nicholas nick nicola nicolas nicole niek niels nigel nikhil nikita niklas nikola
    nikolai nikolaos nikos nils nina nino nisha njeri nkechi noa noah noel noelle nomsa nora norbert nour noura nuno
    odile oksana olaf olafur oleg oleksandr olena olesya olga oliver olivia olivier olu oluwaseun omar ondrej orla
    osama oskar otieno otto oumar ousmane owen oystein pablo padma paivi pamela paola paolo pascal patrice patricia
    patrick patrik paul paula paulina pavan pavel pavla pawel pedro peggy pekka petar pete peter petr petra phil
    philip philipp philippa philippe phoebe pia pieter pierre piotr pooja prakash pranav preeti priya quentin rachel radek
    radka rafael rafal ragnhild rahul raj rajesh rakesh ralf ralph raluca ramesh rami ramon rania raquel rasa rasmus
    raul ravi raymond razvan rebecca reem reinhard reka rekha renata renate rene renee renske reza rhys ricardo
    riccardo richard rick rikke rita ritu robert roberta roberto rodrigo roger rohan rohit roland rolf roman ron
    ronald rory rosa rosalind rosario rosemary rosie roxana roxanne roy ruben rudolf rui rupert russell ruta ruth ryan
    ryo saad sabine sabrina sadia sajid sakura saleh salma salvatore sam samantha sami samir samira samuel sandeep
    sander sanja sanjay sanna sanne santiago sapna sara sarah sasha satoshi scott sean sebastian selam selin selma
    seoyeon serena serge sergei sergio serhiy seth seydou shalini shannon sharon shaun shawn sheila shira shirley
    shreya siddharth sigrid sigurdur silke silvia simon simona simone siobhan sipho siv slobodan sneha sofia sofie
    solveig sonia sonja sophia sophie soren sorin stacey stanislav stavros stefan stefania stefanie stefano stelian
    stella stepan stephan stephane stephanie stephen steve steven stuart subhash sumit sunil sunita suresh susan
    susanna susanne suzanne sven svetlana swati sylvia sylvie tadeusz takashi tamar tamara tamas tania tanja tanvi
    tanya tara taras tarek tariq tatiana tendai teresa tereza terry tessa thabo thandiwe theo theodore theresa therese
    thi thierry thijs thomas thorsten tigist tiit tijana tilda tilde tim timo timothy tina tobias toby todd tom tomas
    tomasz tommy toni tony torben tove tracy trevor tristan trudy tuan tuomas tyler uche ugo ulf ulla ulrich ulrike
    uma umberto ursula uwe vaclav vadim valentina valeria valerie valery vanessa varun vasiliki vasily vasyl vera
    verena veronica veronika vicente vicky victoria vidya vijay vikram viktor viktoria ville vincent vincenzo virginie
    vishal vivek vivian vivienne vladimir volker waldemar walid walter wambui wanda wang wanjiku wayne wei wendy
    werner wilfried wilhelm wilhelmina wilma winfried wojciech wolfgang wouter xavier xiang xiao yael yan yang yannick
    yara yash yasin yasmin yasmine yelena yemi yevgeny yiannis yohan yoko yosef yousef youssef yui yuki yulia yuri
    yusuf yvette yvonne zainab zara zdenek zeljko zeynep zhang zhao zhen zoe zofia zola zoltan zoran zsofia zuzana";

static LISTED: LazyLock<HashSet<&str>> = LazyLock::new(|| GIVEN.split_whitespace().collect());

/// Reports whether people are called `word`. A double name counts by its first part: `María-José`.
pub(in crate::corpus::import) fn is_given(word: &str) -> bool {
    let first = word.split(['-', '‑']).next().unwrap_or(word);
    let letters = first.nfkd().filter(|c| c.is_alphabetic()).flat_map(char::to_lowercase);
    let plain: String = letters
        .map(|c| match c {
            'ø' => 'o',
            'ł' => 'l',
            c => c,
        })
        .collect();
    LISTED.contains(plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_names_are_found_with_accents_and_hyphens() {
        for name in ["Anna", "BEN", "Zoë", "María-José", "Søren", "Łucja-Anna", "José"] {
            assert_eq!(is_given(name), name != "Łucja-Anna", "{name}");
        }
        for word in [
            "Google", "Mark", "Pro", "Step", "May", "Product", "Will", "Sales", "", "-",
        ] {
            assert!(!is_given(word), "{word}");
        }
    }
}
