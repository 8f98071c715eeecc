//! The flights under kills, on every backend, against SQLite's calculation of the same reports.
//!
//! Where another process can reach the state the program is killed with `kill -9` at random moments; where it lives in a
//! process, its backend stops answering at a random call. `KILLS=100` kills more often, `SEED=n` at the moments of an
//! earlier run, `FLIGHTS=FILE` takes another file. The time of the toy grows with the square of the rows: with a whole
//! year leave it out, `-- --skip toy --skip all_backends`.

#[path = "flights/expected.rs"]
mod expected;

use std::{
    env,
    process::{Command, ExitCode, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use examples::flights::{Flights, Report};
use expected::{Expected, random, same};
use integration_tests::{Place, Servers, Sort, block_on, run_with_servers};
use libtest_mimic::Trial;
use rand::Rng;
use store::{
    backend::TaskId,
    transfer::{self, MoveOptions},
};
use store_core::layers::CutOff;

fn main() -> ExitCode {
    run_with_servers(|servers| {
        let expected = Arc::new(Expected::calculate().expect("SQLite calculates the reports"));
        let mut trials = Vec::new();
        let (ours, all) = (servers.clone(), expected.clone());
        trials.push(Trial::test("reports_are_the_same_on_all_backends", move || {
            block_on(same_on_all(&ours, &all))
        }));
        if servers.take(&[]) {
            let all = expected.clone();
            trials.push(Trial::test("wrong_usage_exits_with_2", move || {
                wrong_usage(&all).map_err(|error| format!("{error:#}").into())
            }));
        }
        for sort in Sort::ALL.into_iter().filter(|sort| servers.take(&[*sort])) {
            let (ours, all) = (servers.clone(), expected.clone());
            trials.push(Trial::test(format!("{sort}::cut_off"), move || {
                block_on(cut_off(ours.place(sort)?, &all))
            }));
            if sort.has_url() {
                let (servers, all) = (servers.clone(), expected.clone());
                trials.push(Trial::test(format!("{sort}::kill_9"), move || {
                    let place = servers.place(sort)?;
                    let url = place.url().context("a URL")?;
                    kill_9(&url, &all).map_err(|error| format!("{error:#}").into())
                }));
            }
        }
        let moves = [(Sort::Embedded, Sort::Redis), (Sort::Redis, Sort::Embedded)];
        for (from, to) in moves.into_iter().filter(|(from, to)| servers.take(&[*from, *to])) {
            let (servers, all) = (servers.clone(), expected.clone());
            trials.push(Trial::test(format!("moved_from_{from}_to_{to}"), move || {
                block_on(moved(servers.place(from)?, servers.place(to)?, &all))
            }));
        }
        trials
    })
}

/// Begins at one place, moves the state, and goes on at the other: the reports are those that SQLite calculates.
async fn moved(from: Place, to: Place, expected: &Expected) -> Result<()> {
    let cut_off = CutOff::after(expected.length()? / 200);
    let database = from.database().await?.layer(cut_off.clone());
    let begin = async {
        let flights = Flights::open(&database, commit_every(expected)?).await?;
        flights.process(&expected.file, |_, _| {}).await
    };
    tokio::select! {
        biased;
        () = cut_off.cut() => {}
        rows = begin => ensure!(rows? == 0, "all was processed before the move"),
    }
    drop(database);
    let (from, to) = (from.database().await?, to.database().await?);
    let task = TaskId::new("flights", 0)?;
    let moved = transfer::copy(&from, &to, &task, &MoveOptions::default(), &|_| {}).await?;
    ensure!(moved.written > 10, "only {} entries were there to be moved", moved.written);
    let flights = Flights::open(&to, 100).await?;
    let rest = flights.process(&expected.file, |_, _| {}).await?;
    ensure!(rest > 0, "nothing was left to be processed");
    expected.check(&flights).await
}

fn kills(default: u64) -> u64 {
    env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(default)
}

/// Rows between two commits, so that a run of the excerpt and one of a whole year have some hundreds of them.
fn commit_every(expected: &Expected) -> Result<u64> {
    Ok((expected.length()? / 50_000).max(3))
}

/// One run without a kill on each backend.
async fn same_on_all(servers: &Servers, expected: &Expected) -> Result<()> {
    let mut reports = Vec::new();
    // What runs on Java has a turn of its own, and is held against local disk.
    let ours = |sort: &Sort| *sort == Sort::Embedded || servers.take(&[*sort]);
    for sort in Sort::ALL.into_iter().filter(ours) {
        let database = servers.place(sort)?;
        let database = database.database().await?;
        let flights = Flights::open(&database, commit_every(expected)?).await?;
        flights.process(&expected.file, |_, _| {}).await?;
        ensure!(flights.late_updates() == 0, "{sort}: updates were refused");
        let mut report = String::new();
        let as_of = expected.as_of.iter().map(|(question, _)| question);
        for question in [&Report::Hourly, &Report::Duty].into_iter().chain(as_of) {
            report += &flights.report(question).await?;
        }
        reports.push((sort, report));
    }
    let [(_, first), others @ ..] = &*reports else { unreachable!("there are backends") };
    others.iter().try_for_each(|(sort, report)| same(&format!("of {sort}"), report, first))
}

/// Processes the file on a backend that stops answering, again and again, then to its end, then once more.
async fn cut_off(place: Place, expected: &Expected) -> Result<()> {
    let mut random = random("calls")?;
    let every = commit_every(expected)?;
    // Up to about as many calls as a tenth of the rows makes.
    let calls = expected.length()? / 90;
    let mut cuts = 0;
    while cuts < kills(30) {
        let cut_off = CutOff::after(random.random_range(0..calls));
        let database = place.database().await?.layer(cut_off.clone());
        let process = async {
            let flights = Flights::open(&database, every).await?;
            flights.process(&expected.file, |_, _| {}).await
        };
        tokio::select! {
            biased;
            () = cut_off.cut() => cuts += 1,
            rows = process => {
                rows?;
                break;
            }
        }
    }
    ensure!(cuts >= kills(30).min(5), "only {cuts} runs were cut off");
    let database = place.database().await?;
    let flights = Flights::open(&database, 100).await?;
    flights.process(&expected.file, |_, _| {}).await?;
    expected.check(&flights).await?;
    let again = flights.process(&expected.file, |_, _| {}).await?;
    ensure!(again == 0, "a finished run processed {again} rows again");
    expected.check(&flights).await
}

fn program(url: &str, expected: &Expected, commit_every: u64, report: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flights"));
    command.args(["--state", url, "--commit-every", &commit_every.to_string()]);
    command.args(report).arg(&expected.file);
    command
}

/// Kills the program with `kill -9` at random moments, then lets it finish, then asks for the reports.
fn kill_9(url: &str, expected: &Expected) -> Result<()> {
    let mut random = random("kills")?;
    let longest = (expected.length()? / 10_000).clamp(400, 3000);
    let (mut killed, began) = (0, Instant::now());
    for _ in 0..kills(15) {
        let mut child = program(url, expected, commit_every(expected)?, &[])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start flights")?;
        thread::sleep(Duration::from_millis(random.random_range(5..longest)));
        killed += u64::from(child.try_wait()?.is_none());
        child.kill()?;
        child.wait()?;
    }
    let kills = kills(15);
    println!("{killed} of {kills} runs were killed before they had ended, {:?}", began.elapsed());
    ensure!(killed >= kills.min(3), "only {killed} runs were killed before they had ended");
    let asked = |report: &[&str]| -> Result<(String, String)> {
        let output = program(url, expected, 10_000, report).output()?;
        let said = String::from_utf8(output.stderr)?;
        ensure!(output.status.success(), "{said}");
        Ok((String::from_utf8(output.stdout)?, said))
    };
    same("hourly", &asked(&["--report", "hourly"])?.0, &expected.hourly)?;
    let (duty, said) = asked(&["--report", "duty"])?;
    same("duty", &duty, &expected.duty)?;
    ensure!(said.contains("nothing new"), "a second run does not say so: {said}");
    for (question, answer) in expected.as_of.iter().step_by(40) {
        let Report::AsOf { carrier, at } = question else { continue };
        let question = ["--report", "as-of", "--carrier", carrier, "--at", &at.to_string()];
        same("as-of", &asked(&question)?.0, answer)?;
    }
    ensure!(asked(&[])?.0.is_empty(), "a run without --report prints something");
    Ok(())
}

fn wrong_usage(expected: &Expected) -> Result<()> {
    let cases: [&[&str]; 5] = [
        &["--report", "as-of"],
        &["--report", "as-of", "--carrier", "UA"],
        &["--report", "as-of", "--carrier", "UA", "--at", "yesterday"],
        &["--report", "hourly", "--carrier", "UA"],
        &["--report", "daily"],
    ];
    for case in cases {
        let output = program("memory:", expected, 1, case).output()?;
        ensure!(output.status.code() == Some(2), "{case:?}: {}", output.status);
    }
    Ok(())
}
