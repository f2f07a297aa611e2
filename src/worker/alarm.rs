//! The one timer of a call. Each token moves the time at which the engine is to be woken, nearly always further away. So the
//! timer is left as it is until it goes off, and only then set to the time that counts by then.

use super::services::Services;
use std::pin::Pin;
use std::time::Duration;
use tokio::time::{Sleep, sleep_until};

/// A timer that is set again and again.
#[derive(Default)]
pub(super) struct Alarm {
    /// The timer, and the services' time that it is set to.
    set: Option<(Pin<Box<Sleep>>, Duration)>,
}

impl Alarm {
    /// Waits until this time of the services; for ever if there is none. May be dropped while waiting and called again.
    pub(super) async fn wait(&mut self, services: &Services, wake: Option<Duration>) {
        let Some(wake) = wake else { return std::future::pending().await };
        let (timer, at) = self.set.get_or_insert_with(|| (Box::pin(sleep_until(services.instant(wake))), wake));
        if *at < wake {
            timer.as_mut().await;
        }
        if *at != wake {
            timer.as_mut().reset(services.instant(wake));
            *at = wake;
        }
        timer.as_mut().await;
    }
}
