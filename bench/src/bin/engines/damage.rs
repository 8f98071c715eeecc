//! What opening says of a database whose files were truncated or had a bit flipped.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Result;

use crate::{
    args::FaultOptions,
    data::{self, Random},
    engine::Write,
    probe::ENTRIES,
};

const SORTS: [&str; 4] = ["truncated", "bit flipped", "zeroed in part", "removed"];
const PATIENCE: Duration = Duration::from_secs(30);

/// Makes a database, then damages one file after the other in a copy of it and probes each copy in a new process.
pub(crate) fn run(options: &FaultOptions) -> Result<()> {
    let (good, bad) = (options.dir.join("good"), options.dir.join("bad"));
    let engine = options.engine.open(&good)?;
    for chunk in (0..ENTRIES).collect::<Vec<_>>().chunks(2000) {
        let write = |&n: &u64| Write {
            map: data::map_of(n),
            key: data::key(n),
            value: Some(data::value(n, 0)),
        };
        engine.commit(chunk.iter().map(write).collect())?;
    }
    drop(engine);
    println!("{}: undamaged: {}", options.engine, outcome(options, &good)?);

    let mut random = Random::new(3);
    let mut outcomes = BTreeMap::<String, u64>::new();
    for file in files(&good)? {
        let relative = file.strip_prefix(&good)?;
        for (sort, attempt) in
            SORTS.iter().flat_map(|sort| (0..options.tries).map(move |n| (*sort, n)))
        {
            if sort == "removed" && attempt > 0 {
                continue;
            }
            copy(&good, &bad)?;
            harm(&bad.join(relative), sort, attempt < options.tries / 4, &mut random)?;
            let outcome = format!("{} {sort}: {}", role(relative), outcome(options, &bad)?);
            *outcomes.entry(outcome).or_default() += 1;
            fs::remove_dir_all(&bad)?;
        }
    }
    for (outcome, count) in outcomes {
        println!("  {count:4} {outcome}");
    }
    Ok(())
}

/// Damages one file somewhere, or near its beginning.
fn harm(file: &Path, sort: &str, early: bool, random: &mut Random) -> Result<()> {
    let mut bytes = fs::read(file)?;
    let length = bytes.len() as u64;
    let at = usize::try_from(random.below(if early { length.min(64) } else { length }))?;
    match sort {
        "removed" => return Ok(fs::remove_file(file)?),
        "truncated" => bytes.truncate(at),
        "zeroed in part" => bytes.iter_mut().skip(at).take(4096).for_each(|byte| *byte = 0),
        _ => bytes[at] ^= 1 << random.below(8),
    }
    Ok(fs::write(file, bytes)?)
}

/// What sort of file it is, without its number.
fn role(file: &Path) -> String {
    let name = file.extension().or(file.file_name()).unwrap_or_default().to_string_lossy();
    let name = name.replace(|c: char| c.is_ascii_digit(), "");
    if name.is_empty() { "table file".to_owned() } else { name }
}

fn outcome(options: &FaultOptions, dir: &Path) -> Result<String> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["probe", "--engine", &options.engine.to_string(), "--dir"])
        .arg(dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let start = Instant::now();
    while child.try_wait()?.is_none() {
        if start.elapsed() > PATIENCE {
            child.kill()?;
            return Ok("HANGS".to_owned());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output()?;
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(match complained.lines().find(|line| line.contains("panicked")) {
        Some(line) => format!("PANIC {}", line.rsplit('/').take(3).collect::<Vec<_>>().join(" < ")),
        None if output.status.success() => said.trim().to_owned(),
        None => {
            let words = complained.split_whitespace().take_while(|&word| word != "Stack").take(16);
            words.collect::<Vec<_>>().join(" ").replace(|c: char| c.is_ascii_digit(), "")
        }
    })
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else if fs::metadata(&path)?.len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
