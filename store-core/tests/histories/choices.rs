//! Choices that are tried one list after the other, until there is none.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU32, Ordering},
};

use store_core::redo::toy::{Fault, Faults, Moment};

/// The choices of a run, and which list comes next.
#[derive(Debug, Default)]
pub struct Choices {
    taken: Vec<(u32, u32)>,
    at: usize,
}

impl Choices {
    pub fn choose(&mut self, options: u32) -> u32 {
        if self.at == self.taken.len() {
            self.taken.push((0, options));
        }
        let (choice, _) = self.taken[self.at];
        self.at += 1;
        choice
    }

    /// Whether there is another list.
    pub fn next(&mut self) -> bool {
        self.at = 0;
        while let Some((choice, options)) = self.taken.pop() {
            if choice + 1 < options {
                self.taken.push((choice + 1, options));
                return true;
            }
        }
        false
    }
}

/// Faults by choice, so many in a run.
#[derive(Debug)]
pub struct Chosen {
    pub choices: Arc<Mutex<Choices>>,
    pub left: Arc<AtomicU32>,
}

impl Faults for Chosen {
    fn next(&self, moment: Moment) -> Fault {
        if moment != Moment::Change || self.left.load(Ordering::Relaxed) == 0 {
            return Fault::None;
        }
        let faults = [Fault::None, Fault::LostReply, Fault::Late(1), Fault::CrashAfter];
        let fault = faults[self.choices.lock().unwrap().choose(4) as usize];
        if fault != Fault::None {
            self.left.fetch_sub(1, Ordering::Relaxed);
        }
        fault
    }
}
