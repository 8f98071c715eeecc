//! The corpus of every target, replayed.

use std::{fs, path::Path};

use fuzz::TARGETS;

#[test]
fn the_corpus_panics_nowhere() {
    for (name, target) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
        let inputs = fs::read_dir(&folder).expect("every target has a corpus");
        let mut replayed = 0;
        for input in inputs {
            let input = input.expect("the corpus can be read");
            target(&fs::read(input.path()).expect("the corpus can be read"));
            replayed += 1;
        }
        assert!(replayed > 0, "the corpus of {name} is empty");
    }
}
