//! Turns the arguments that narrow the corpus into [`Filters`].

use super::args::{EditionArgs, FilterArgs, PeriodArgs};
use crate::retrieve::{Ago, Filters, On, Since, Until};

impl From<&FilterArgs> for Filters {
    fn from(args: &FilterArgs) -> Filters {
        Filters {
            since: args.since.clone().or_else(|| args.period.since()),
            until: args.period.until(),
            ..Filters::from(&args.editions)
        }
    }
}

impl From<&EditionArgs> for Filters {
    fn from(args: &EditionArgs) -> Filters {
        Filters {
            edition: args.edition.clone(),
            contributor: args.contributor.clone(),
            sender: args.sender.clone(),
            source: args.source.clone(),
            tags: args.tag.clone(),
            ..Filters::default()
        }
    }
}

impl PeriodArgs {
    /// The beginning that `--last` or `--on` gives.
    pub fn since(&self) -> Option<Since> {
        let last = self.last.as_ref().map(Ago::since);
        last.or_else(|| self.on.as_ref().map(On::since))
    }

    /// The end that `--until` or `--on` gives.
    pub fn until(&self) -> Option<Until> {
        self.until
            .clone()
            .or_else(|| self.on.as_ref().map(|on| on.since().until()))
    }
}
