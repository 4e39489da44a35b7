//! How many connections are open, in all and from one address.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Only addresses with open connections, so never more than there are places.
type Taken = Arc<Mutex<HashMap<IpAddr, usize>>>;

/// Given out until there are no more; returned when dropped.
#[derive(Debug)]
pub(super) struct Places {
    all: Arc<Semaphore>,
    per_address_max: usize,
    taken: Taken,
}

/// One connection's place.
#[derive(Debug)]
pub(super) struct Place {
    _all: OwnedSemaphorePermit,
    counted: Option<(Taken, IpAddr)>,
}

impl Places {
    pub(super) fn new(all_max: usize, per_address_max: usize) -> Self {
        Self {
            all: Arc::new(Semaphore::new(all_max)),
            per_address_max,
            taken: Arc::default(),
        }
    }

    /// `None`: no more are to be had. Behind a `trusted` proxy there are many people, who are not counted as one.
    pub(super) fn take(&self, peer: IpAddr, trusted: bool) -> Option<Place> {
        let all = Arc::clone(&self.all).try_acquire_owned().ok()?;
        if trusted {
            return Some(Place {
                _all: all,
                counted: None,
            });
        }
        let who = block(peer);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(who).or_default();
        if *count >= self.per_address_max {
            return None;
        }
        *count += 1;
        Some(Place {
            _all: all,
            counted: Some((Arc::clone(&self.taken), who)),
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((taken, who)) = &self.counted else { return };
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(who) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                taken.remove(who);
            }
        }
    }
}

/// One customer's IPv6 addresses are a /64 at least.
fn block(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(_) => peer,
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_end_per_address_and_in_all_and_come_back() {
        let places = Places::new(4, 2);
        let one = places.take(at("2001:db8::1"), false).unwrap();
        let _two = places.take(at("2001:db8::2"), false).unwrap();
        assert!(places.take(at("2001:db8::3"), false).is_none(), "the same /64");
        let _proxied = places.take(at("2001:db8::3"), true).unwrap();
        let _four = places.take(at("192.0.2.1"), false).unwrap();
        assert!(places.take(at("192.0.2.2"), false).is_none(), "four are open");
        drop(one);
        let _again = places.take(at("2001:db8::3"), false).unwrap();
    }

    #[test]
    fn addresses_without_connections_are_forgotten() {
        let places = Places::new(4, 2);
        drop(places.take(at("192.0.2.1"), false));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
