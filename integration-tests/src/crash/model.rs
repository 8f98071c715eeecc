//! The model: what the stores must hold after each record exactly once. It shares no code with them.

use std::collections::BTreeMap;

use super::{
    contents::{Contents, Times, Version, as_of, history_from},
    record::{Change, Record, Trail},
    stores::{GAP_MS, KEPT_MS, TWINS, window_of},
};

/// Everything after the records below a position.
#[derive(Clone, Debug)]
pub(super) struct Model {
    seed: u64,
    position: i64,
    trails: BTreeMap<String, Trail>,
    stamped: BTreeMap<String, (i64, Trail)>,
    windows: BTreeMap<(String, i64), Trail>,
    repeats: BTreeMap<(String, i64), Vec<i64>>,
    /// By key, end and start.
    sessions: BTreeMap<(String, i64, i64), Trail>,
    versions: BTreeMap<String, BTreeMap<i64, Option<Trail>>>,
    times: Times<'static>,
}

impl Model {
    /// Before the first record.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            position: 0,
            trails: BTreeMap::new(),
            stamped: BTreeMap::new(),
            windows: BTreeMap::new(),
            repeats: BTreeMap::new(),
            sessions: BTreeMap::new(),
            versions: BTreeMap::new(),
            times: Times::new(),
        }
    }

    /// Goes on to a position; back to one by beginning anew.
    pub(super) fn move_to(&mut self, position: i64) {
        if position < self.position {
            *self = Self::new(self.seed);
        }
        while self.position < position {
            self.process(&Record::at(self.seed, self.position));
            self.position += 1;
        }
    }

    fn process(&mut self, record: &Record) {
        let steps =
            [Self::plain, Self::stamp, Self::window, Self::repeat, Self::session, Self::version];
        for (bit, step) in (0..).zip(steps) {
            if record.changes(bit) {
                step(self, record);
            }
        }
    }

    fn plain(&mut self, record: &Record) {
        let key = record.key.clone();
        match record.change {
            Change::Extend => {
                let old = self.trails.remove(&key).unwrap_or_default();
                self.trails.insert(key, old.then(record.position));
            }
            Change::Replace => {
                self.trails.remove(&key);
                self.trails.insert(format!("{key}-other"), Trail::default().then(record.position));
            }
            Change::Delete => drop(self.trails.remove(&key)),
        }
    }

    fn stamp(&mut self, record: &Record) {
        let (key, time) = (record.key.clone(), record.time);
        match record.change {
            Change::Extend => {
                let seen = self.trails.get(&key).cloned().unwrap_or_default();
                self.stamped.insert(key, (time, seen.then(record.position)));
            }
            Change::Replace => {
                let new = (time, Trail::default().then(record.position));
                self.stamped.entry(key).or_insert(new);
            }
            Change::Delete => drop(self.stamped.remove(&key)),
        }
    }

    /// Raises a store's stream time; whether the time is live then, above `T - kept`.
    fn is_live(&mut self, store: &'static str, time: i64) -> bool {
        let stream_time = self.times.entry(store).or_insert(time);
        *stream_time = time.max(*stream_time);
        time > *stream_time - KEPT_MS
    }

    fn window(&mut self, record: &Record) {
        let at = (record.key.clone(), window_of(record.time));
        if !self.is_live("windows", at.1) {
            return;
        }
        let old = self.windows.remove(&at);
        match record.change {
            Change::Extend => {
                self.windows.insert(at, old.unwrap_or_default().then(record.position));
            }
            Change::Replace => {
                self.windows.insert(at, Trail::default().then(record.position));
            }
            Change::Delete => {}
        }
    }

    fn repeat(&mut self, record: &Record) {
        let at = (record.key.clone(), window_of(record.time));
        if self.is_live("repeats", at.1) && record.change != Change::Delete {
            self.repeats.entry(at).or_default().push(record.position);
        }
    }

    /// The live sessions of a key, by end and start.
    fn sessions_of(&self, key: &str) -> Vec<(i64, i64)> {
        let stream_time = self.times.get("sessions").copied();
        let live = |end: i64| stream_time.is_none_or(|time| end > time - KEPT_MS);
        let sessions = self.sessions.keys().filter(|(other, end, _)| other == key && live(*end));
        sessions.map(|(_, end, start)| (*end, *start)).collect()
    }

    fn session(&mut self, record: &Record) {
        let Record { key, time, position, .. } = record;
        let (time, position) = (*time, *position);
        match record.change {
            Change::Extend => {
                let mut touched = self.sessions_of(key);
                touched.retain(|(end, start)| *end >= time - GAP_MS && *start <= time + GAP_MS);
                let start = touched.iter().map(|(_, start)| *start).fold(time, i64::min);
                let end = touched.iter().map(|(end, _)| *end).fold(time, i64::max);
                if !self.is_live("sessions", end) {
                    return;
                }
                let found = touched
                    .iter()
                    .filter_map(|(end, start)| self.sessions.remove(&(key.clone(), *end, *start)));
                let trail = Trail::joined(found.collect::<Vec<_>>()).then(position);
                self.sessions.insert((key.clone(), end, start), trail);
            }
            Change::Replace => {
                if self.is_live("sessions", time) {
                    let trail = Trail::default().then(position);
                    self.sessions.insert((key.clone(), time, time), trail);
                }
            }
            Change::Delete => {
                if let Some((end, start)) = self.sessions_of(key).first() {
                    self.sessions.remove(&(key.clone(), *end, *start));
                }
            }
        }
    }

    fn version(&mut self, record: &Record) {
        let versions = self.versions.entry(record.key.clone()).or_default();
        let value = match record.change {
            Change::Extend => {
                let latest = versions.last_key_value().and_then(|(_, value)| value.clone());
                Some(latest.unwrap_or_default().then(record.position))
            }
            Change::Replace | Change::Delete => None,
        };
        let stream_time = self.times.entry("versions").or_insert(record.time);
        *stream_time = record.time.max(*stream_time);
        if record.time >= *stream_time - KEPT_MS {
            versions.insert(record.time, value);
        }
    }

    /// What a reader must see.
    pub(super) fn contents(&self) -> Contents {
        let mut contents = Contents::default();
        contents.set("stream times", &self.times);
        contents.set("trails", &self.trails);
        let twins = (self.position > 0).then_some(TWINS).into_iter().flatten();
        contents.set("twins", twins.map(|twin| (twin, self.position)));
        contents.set("stamped", self.stamped.iter().map(|(key, (time, trail))| (key, time, trail)));
        let live = |store, time| self.times.get(store).is_none_or(|now| time > now - KEPT_MS);
        let windows = self.windows.iter().filter(|((_, start), _)| live("windows", *start));
        contents.set("windows", windows.map(|((key, start), trail)| (key, start, trail)));
        let repeats = self.repeats.iter().filter(|((_, start), _)| live("repeats", *start));
        let repeats = repeats
            .flat_map(|((key, start), positions)| positions.iter().map(move |p| (key, start, p)));
        contents.set("repeats", repeats);
        let sessions = self.sessions.iter().filter(|((_, end, _), _)| live("sessions", *end));
        contents.set("sessions", sessions.map(|((key, end, start), t)| (key, end, start, t)));
        contents.set("versions", self.versions.iter().flat_map(|(key, all)| self.rows(key, all)));
        contents
    }

    fn rows(&self, key: &str, all: &BTreeMap<i64, Option<Trail>>) -> Vec<Version> {
        let latest = all.last_key_value().map(|(time, _)| *time);
        let row = |how: String, time: i64| -> Option<Version> {
            let value = all[&time].clone()?;
            let valid_to = all.range(time + 1..).next().map(|(next, _)| *next);
            Some((key.to_owned(), how, time, valid_to, value))
        };
        let mut rows: Vec<_> =
            latest.and_then(|time| row("latest".to_owned(), time)).into_iter().collect();
        for as_of in as_of(&self.times) {
            let found = all.range(..=as_of).next_back();
            rows.extend(found.and_then(|(time, _)| row(format!("as of {as_of}"), *time)));
        }
        let from = history_from(&self.times);
        let ended = |time: i64| all.range(time + 1..).next().is_some_and(|(next, _)| *next <= from);
        let history = all.keys().filter(|time| !ended(**time));
        rows.extend(history.filter_map(|time| row("history".to_owned(), *time)));
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::Model;
    use crate::crash::{contents, record::Record, stores};

    #[tokio::test]
    async fn stores_without_crashes_hold_what_the_model_says() {
        for seed in 0..20 {
            let database = store::connect("memory:").await.unwrap();
            let (task, stores) = stores::open(&database, "model").await.unwrap();
            let mut model = Model::new(seed);
            for position in 0..400 {
                stores.process(&Record::at(seed, position), "tag").await.unwrap();
                if position % 50 == 49 {
                    task.commit([("records", position + 1)]).await.unwrap();
                    model.move_to(position + 1);
                    let checkpoint = task.checkpoint().unwrap();
                    let seen = contents::read(&stores.readers(), &checkpoint).await.unwrap();
                    let difference = seen.contents.difference(&model.contents());
                    assert_eq!(difference, None, "seed {seed}, position {position}");
                }
            }
        }
    }
}
