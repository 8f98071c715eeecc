//! Point reads: buffers, then what is known, then the backend.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use futures::future::try_join_all;

use super::{
    Engine,
    reads::{Batch, FILLED_AT_ONCE, Place, pause},
    state::State,
};
use crate::{
    Result,
    backend::{LocalReader, MapId, Put, ask},
    sabotage,
};

/// Where the value of a key is.
enum Found {
    Known(Option<Bytes>),
    Asked(Place),
}

impl Engine {
    /// The value of a key, uncommitted writes included.
    pub(crate) async fn get(self: &Arc<Self>, map: MapId, key: &Bytes) -> Result<Option<Bytes>> {
        if let Some(local) = self.writer.local() {
            return self.get_local(local, map, key);
        }
        let found = self.look(&mut *self.checked()?, map, key);
        let place = match found {
            Found::Known(value) => return Ok(value),
            Found::Asked(place) => place,
        };
        pause().await;
        let answer = place.batch.clone().await?;
        self.check()?;
        Ok(place.value(&answer))
    }

    /// The values of keys, in the order asked; those that nobody knows are asked in as few requests as the limits allow.
    pub(crate) async fn get_many(
        self: &Arc<Self>,
        keys: &[(MapId, Bytes)],
    ) -> Result<Vec<Option<Bytes>>> {
        if self.writer.local().is_some() {
            return self.get_many_local(keys).await;
        }
        let mut values = vec![None; keys.len()];
        let mut asked = Vec::new();
        let mut batches: BTreeMap<u64, Batch> = BTreeMap::new();
        {
            let mut state = self.checked()?;
            for (at, (map, key)) in keys.iter().enumerate() {
                match self.look(&mut state, *map, key) {
                    Found::Known(value) => values[at] = value,
                    Found::Asked(place) => {
                        batches.entry(place.number).or_insert_with(|| place.batch.clone());
                        asked.push((at, place));
                    }
                }
            }
        }
        if asked.is_empty() {
            return Ok(values);
        }
        pause().await;
        let (numbers, batches): (Vec<_>, Vec<_>) = batches.into_iter().unzip();
        let answers = try_join_all(batches).await?;
        self.check()?;
        for (at, place) in asked {
            // Invariant: every place was noted with its batch above.
            let answer = numbers.binary_search(&place.number).expect("the batch was awaited");
            values[at] = place.value(&answers[answer]);
        }
        Ok(values)
    }

    fn get_local(&self, local: &dyn LocalReader, map: MapId, key: &[u8]) -> Result<Option<Bytes>> {
        let moves = {
            let mut state = self.checked()?;
            if let Some(value) = self.look_near(&mut state, map, key) {
                return Ok(value);
            }
            state.moves
        };
        let value = local.get(map, key)?;
        if self.cached
            && let Some(value) = &value
        {
            self.fill_near(moves, [(map, key, value)]);
        }
        Ok(value)
    }

    async fn get_many_local(&self, keys: &[(MapId, Bytes)]) -> Result<Vec<Option<Bytes>>> {
        let mut values = vec![None; keys.len()];
        let (mut asked, mut places) = (Vec::new(), Vec::new());
        let moves = {
            let mut state = self.checked()?;
            for (place, (map, key)) in keys.iter().enumerate() {
                match self.look_near(&mut state, *map, key) {
                    Some(known) => values[place] = known,
                    None => {
                        asked.push((*map, key.clone()));
                        places.push(place);
                    }
                }
            }
            state.moves
        };
        if !asked.is_empty() {
            let found = ask(&*self.writer, &asked).await?;
            self.check()?;
            if self.cached {
                let found = found.chunks(FILLED_AT_ONCE);
                for (asked, found) in asked.chunks(FILLED_AT_ONCE).zip(found) {
                    let entries = asked.iter().zip(found);
                    let there = entries
                        .filter_map(|((map, key), value)| Some((*map, &**key, value.as_ref()?)));
                    self.fill_near(moves, there);
                }
            }
            for (place, value) in places.into_iter().zip(found) {
                values[place] = value;
            }
        }
        Ok(values)
    }

    /// What buffers and, where there is one, the cache know of a key whose map is in this process.
    fn look_near(&self, state: &mut State, map: MapId, key: &[u8]) -> Option<Option<Bytes>> {
        if !self.cached {
            return state.buffered(map, key);
        }
        let known = self.look_here(state, map, key);
        if known.is_none() {
            self.counters.misses.increment(1);
        }
        known
    }

    /// Fills the cache with what a read found that began when commits had moved there so often.
    ///
    /// If none did since, what was written meanwhile is still buffered, and hides this until it moves in its place. Absences
    /// are left out: files tell those fast.
    fn fill_near<'a>(
        &self,
        moves: u64,
        found: impl IntoIterator<Item = (MapId, &'a [u8], &'a Bytes)>,
    ) {
        let mut state = self.state.lock();
        let late = state.moves != moves;
        if late || state.check(&self.task).is_err() {
            return;
        }
        for (map, key, value) in found {
            state.known.insert_owned(map, key, value);
        }
    }

    /// All under one hold of the lock: a read that is asked for starts when no write of its key is buffered.
    fn look(self: &Arc<Self>, state: &mut State, map: MapId, key: &Bytes) -> Found {
        if let Some(known) = self.look_here(state, map, key) {
            return Found::Known(known);
        }
        let (place, joined) = state.reads.ask(self, (map, key.clone()));
        let counter = if joined { &self.counters.joined } else { &self.counters.misses };
        counter.increment(1);
        Found::Asked(place)
    }

    /// What buffers and cache know of a key, counted where they do.
    fn look_here(&self, state: &mut State, map: MapId, key: &[u8]) -> Option<Option<Bytes>> {
        let counters = &self.counters;
        if let Some(buffered) = state.buffered(map, key) {
            counters.buffered.increment(1);
            return Some(buffered);
        }
        let known = state.known.get(map, key)?;
        if sabotage::is_on("engine::clean-written") {
            state.write((map, Bytes::copy_from_slice(key), known.clone().map(Put::new)));
        }
        let counter = if known.is_some() { &counters.hits } else { &counters.absences };
        counter.increment(1);
        Some(known)
    }
}
