//! How many connections there are and were: for the rate macros and ConnectionRateThrottle.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::connection::Counts;

/// Most connections remembered in a window; beyond it the oldest are forgotten early.
const MAX_REMEMBERED: usize = 100_000;

/// Connections by client, open and recent.
#[derive(Debug)]
pub struct ConnectionRates {
    window: Duration,
    open: HashMap<IpAddr, u32>,
    recent: VecDeque<(Instant, IpAddr)>,
    recent_by_client: HashMap<IpAddr, u32>,
}

impl ConnectionRates {
    /// Counts within `window` (ConnectionRateWindowSize).
    #[must_use]
    pub fn new(window: Duration) -> Self {
        Self {
            window,
            open: HashMap::new(),
            recent: VecDeque::new(),
            recent_by_client: HashMap::new(),
        }
    }

    /// A client has connected.
    pub fn connected(&mut self, client: IpAddr, now: Instant) -> Counts {
        self.forget(now);
        self.recent.push_back((now, client));
        let client_rate = raise(&mut self.recent_by_client, client);
        let connections = raise(&mut self.open, client);
        let total_rate = u32::try_from(self.recent.len()).unwrap_or(u32::MAX);
        Counts { connections, client_rate, total_rate }
    }

    /// A connection has ended.
    pub fn closed(&mut self, client: IpAddr) {
        lower(&mut self.open, client);
    }

    /// Connections since `since`.
    #[must_use]
    pub fn since(&self, since: Instant) -> usize {
        self.recent.iter().rev().take_while(|(at, _)| *at > since).count()
    }

    fn forget(&mut self, now: Instant) {
        while let Some(&(at, client)) = self.recent.front() {
            let old = now.saturating_duration_since(at) >= self.window;
            if !old && self.recent.len() < MAX_REMEMBERED {
                return;
            }
            self.recent.pop_front();
            lower(&mut self.recent_by_client, client);
        }
    }
}

fn raise(counts: &mut HashMap<IpAddr, u32>, client: IpAddr) -> u32 {
    let count = counts.entry(client).or_default();
    *count = count.saturating_add(1);
    *count
}

fn lower(counts: &mut HashMap<IpAddr, u32>, client: IpAddr) {
    if let Some(count) = counts.get_mut(&client) {
        *count -= 1;
        if *count == 0 {
            counts.remove(&client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_a_window() {
        // MC-049, MC-050
        let mut rates = ConnectionRates::new(Duration::from_secs(60));
        let (one, two): (IpAddr, IpAddr) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let show = |counts: Counts| (counts.connections, counts.client_rate, counts.total_rate);
        assert_eq!(show(rates.connected(one, start)), (1, 1, 1));
        assert_eq!(show(rates.connected(one, after(1))), (2, 2, 2));
        assert_eq!(show(rates.connected(two, after(2))), (1, 1, 3));
        rates.closed(one);
        assert_eq!(show(rates.connected(one, after(60))), (2, 2, 3));
        assert_eq!(rates.since(after(1)), 2);
        assert_eq!(show(rates.connected(one, after(600))), (3, 1, 1));
        for _ in 0..3 {
            rates.closed(one);
        }
        rates.closed(two);
        assert!(rates.open.is_empty() && rates.recent_by_client.len() == 1);
    }
}
