//! The latest requests that the simulator received, for tests and for whoever asks what was sent.

use super::ReceivedRequest;
use std::collections::VecDeque;

/// Older requests are forgotten.
const MAX_REQUESTS: usize = 4096;
/// The same, by the bytes of their bodies: 32 MiB. The latest request is kept whatever its size.
const MAX_BYTES: usize = 32 << 20;

/// The latest requests, oldest first.
#[derive(Debug, Default)]
pub(super) struct ReceivedRequests {
    requests: VecDeque<ReceivedRequest>,
    /// The bytes of their bodies.
    bytes: usize,
}

impl ReceivedRequests {
    /// Adds a request.
    pub(super) fn add(&mut self, request: ReceivedRequest) {
        self.bytes += request.body.len();
        self.requests.push_back(request);
        while self.requests.len() > MAX_REQUESTS || (self.bytes > MAX_BYTES && self.requests.len() > 1) {
            self.bytes -= self.requests.pop_front().map_or(0, |oldest| oldest.body.len());
        }
    }

    /// Copies of all of them.
    pub(super) fn all(&self) -> Vec<ReceivedRequest> {
        self.requests.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(bytes: usize) -> ReceivedRequest {
        ReceivedRequest { method: "POST".into(), path: "/".into(), headers: Vec::new(), body: vec![b'x'; bytes] }
    }

    #[test]
    fn old_requests_are_forgotten_by_number_and_by_size() {
        let mut received = ReceivedRequests::default();
        (0..=MAX_REQUESTS).for_each(|_| received.add(request(1)));
        assert_eq!(received.requests.len(), MAX_REQUESTS);
        received.add(request(MAX_BYTES - 10));
        assert_eq!(received.requests.len(), 11);
        received.add(request(2 * MAX_BYTES));
        assert_eq!((received.requests.len(), received.bytes), (1, 2 * MAX_BYTES));
    }
}
