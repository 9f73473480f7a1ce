//! Whether a node owes an answer, and for how long. No clock of its own: times are passed in, in ms, from 1 upwards.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A node that has owed an answer for so long hangs, is cut off, or has too much to do.
pub const LATE_MS: u64 = 100;

/// One that is late is asked again now and then, after half the time it has been silent: the request that it is done
/// with waits for another node's answer.
const SOONEST_PROBE_MS: u64 = 500;
const LATEST_PROBE_MS: u64 = 5_000;

/// Of one node. Any thread may call any method; what they do at the same moment may be counted once.
#[derive(Debug, Default)]
pub struct Debt {
    since: AtomicU64, // the first request after the last answer; 0: none
    probed: AtomicU64,
}

impl Debt {
    pub fn asked(&self, now: u64) {
        let _ = self.since.compare_exchange(0, now, Relaxed, Relaxed);
    }

    pub fn answered(&self) {
        self.since.store(0, Relaxed);
    }

    pub fn is_late(&self, now: u64) -> bool {
        let since = self.since.load(Relaxed);
        since != 0 && now.saturating_sub(since) > LATE_MS
    }

    /// True once, where it is time to ask again a node that is late.
    pub fn takes_probe(&self, now: u64) -> bool {
        let since = self.since.load(Relaxed);
        let probed = self.probed.load(Relaxed).max(since);
        let pause = (now.saturating_sub(since) / 2).clamp(SOONEST_PROBE_MS, LATEST_PROBE_MS);
        now.saturating_sub(probed) >= pause && self.probed.fetch_max(now, Relaxed) < now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silent_since(asked: u64) -> Debt {
        let debt = Debt::default();
        debt.asked(asked);
        debt
    }

    #[test]
    fn who_was_not_asked_is_not_late() {
        assert!(!Debt::default().is_late(1_000_000));
    }

    #[test]
    fn who_does_not_answer_is_late_from_the_first_request_on() {
        let debt = silent_since(10);
        debt.asked(10 + LATE_MS);
        assert!(!debt.is_late(10 + LATE_MS));
        assert!(debt.is_late(11 + LATE_MS));
    }

    #[test]
    fn an_answer_pays_everything() {
        let debt = silent_since(10);
        debt.asked(300);
        debt.answered();
        assert!(!debt.is_late(1_000));
        debt.asked(2_000);
        assert!(!debt.is_late(2_050));
    }

    #[test]
    fn probes_come_once_each_and_more_seldom() {
        let debt = silent_since(1);
        let probes: Vec<u64> = (1..40_000).filter(|&now| debt.takes_probe(now)).collect();
        assert_eq!(probes[..3], [501, 1_001, 2_000]);
        assert!(
            probes
                .windows(2)
                .skip(6)
                .all(|pair| pair[1] - pair[0] == LATEST_PROBE_MS),
            "{probes:?}"
        );
        assert!(!debt.takes_probe(*probes.last().unwrap()));
    }
}
