//! Waiting without a clock.

use std::{future::poll_fn, task::Poll};

/// Lets others go first, so many times, on whatever runtime.
pub(super) async fn take_turns(mut turns: u32) {
    poll_fn(|context| {
        if turns == 0 {
            return Poll::Ready(());
        }
        turns -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
