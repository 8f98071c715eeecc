//! What happened in histories, counted.

use std::fmt;

use store_core::redo::toy::{Counts, Fault, Moment};

macro_rules! tally {
    ($($field:ident,)*) => {
        /// What happened in histories.
        #[derive(Clone, Debug, Default)]
        pub struct Tally {
            pub faults: Counts,
            $(pub $field: u64,)*
        }

        impl Tally {
            pub fn add(&mut self, other: Self) {
                for (place, count) in other.faults {
                    *self.faults.entry(place).or_default() += count;
                }
                $(self.$field += other.$field;)*
            }

            /// What never happened.
            pub fn missing(&self) -> Vec<&'static str> {
                let counted = [$((stringify!($field), self.$field),)*];
                counted.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
            }
        }
    };
}

tally! {
    steps,
    delivered,
    fenced,
    rolled_back,
    sent_again,
    cut_short,
    read_whole,
    destroyed,
    long_pauses,
    crashed,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |wanted: fn(Moment, Fault) -> bool| -> u64 {
            let faults = self.faults.iter().filter(|((moment, fault), _)| wanted(*moment, *fault));
            faults.map(|(_, count)| count).sum()
        };
        writeln!(
            f,
            "{} steps, {} crashes ({} at steps of the protocol), {} lost replies, {} late requests ({} arrived), {} refusals",
            self.steps,
            self.crashed,
            of(|moment, _| matches!(moment, Moment::Step(_))),
            of(|_, fault| fault == Fault::LostReply),
            of(|_, fault| matches!(fault, Fault::Late(_))),
            self.delivered,
            of(|_, fault| fault == Fault::Refused),
        )?;
        writeln!(
            f,
            "{} owners fenced, {} rollbacks, {} commits sent again, {} cut short, {} whole reads, {} tasks destroyed, \
             {} long pauses with purging",
            self.fenced,
            self.rolled_back,
            self.sent_again,
            self.cut_short,
            self.read_whole,
            self.destroyed,
            self.long_pauses,
        )?;
        for ((moment, fault), count) in &self.faults {
            if let Moment::Step(step) = moment {
                writeln!(f, "  {fault:?} at {}: {count}", step.name())?;
            }
        }
        Ok(())
    }
}
