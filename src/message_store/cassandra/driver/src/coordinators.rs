//! Which node coordinates a request: the driver's own choice, but nodes that do not answer come last.
//!
//! A node may hang with its connections open, or reach clients and no other node. Until the driver or the cluster
//! notices, which takes many seconds, each request that it is picked for would wait for a second coordinator. Here one
//! request finds out for all.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use scylla::cluster::{ClusterState, NodeRef};
use scylla::errors::{DbError, RequestAttemptError};
use scylla::policies::load_balancing::{DefaultPolicy, FallbackPlan, LoadBalancingPolicy, RoutingInfo};
use scylla::routing::Shard;

use crate::debt::Debt;

type HostId = [u8; 16];

#[derive(Debug)]
pub struct AnsweringFirst {
    usual: Arc<dyn LoadBalancingPolicy>,
    debts: RwLock<HashMap<HostId, Arc<Debt>>>, // of every node that was ever picked
    begun: Instant,
}

impl AnsweringFirst {
    pub fn new() -> AnsweringFirst {
        AnsweringFirst {
            usual: DefaultPolicy::builder().build(),
            debts: RwLock::default(),
            begun: Instant::now(),
        }
    }

    fn now(&self) -> u64 {
        self.begun.elapsed().as_millis() as u64 + 1
    }

    fn known(&self, node: NodeRef<'_>) -> Option<Arc<Debt>> {
        self.debts.read().unwrap().get(node.host_id.as_bytes()).cloned()
    }

    fn debt_of(&self, node: NodeRef<'_>) -> Arc<Debt> {
        self.known(node).unwrap_or_else(|| {
            let mut debts = self.debts.write().unwrap();
            debts.entry(*node.host_id.as_bytes()).or_default().clone()
        })
    }

    fn is_late(&self, node: NodeRef<'_>, now: u64) -> bool {
        self.known(node).is_some_and(|debt| debt.is_late(now))
    }
}

impl LoadBalancingPolicy for AnsweringFirst {
    fn pick<'a>(&'a self, request: &'a RoutingInfo, cluster: &'a ClusterState) -> Option<(NodeRef<'a>, Option<Shard>)> {
        let usual = self.usual.pick(request, cluster)?;
        let now = self.now();
        let debt = self.debt_of(usual.0);
        if !debt.is_late(now) || debt.takes_probe(now) {
            debt.asked(now);
            return Some(usual);
        }
        let picked = self.fallback(request, cluster).next().unwrap_or(usual);
        self.debt_of(picked.0).asked(now);
        Some(picked)
    }

    fn fallback<'a>(&'a self, request: &'a RoutingInfo, cluster: &'a ClusterState) -> FallbackPlan<'a> {
        let now = self.now();
        let (late, mut all): (Vec<_>, Vec<_>) = self
            .usual
            .fallback(request, cluster)
            .partition(|(node, _)| self.is_late(node, now));
        all.extend(late);
        Box::new(all.into_iter())
    }

    fn on_request_success(&self, request: &RoutingInfo, latency: Duration, node: NodeRef<'_>) {
        self.debt_of(node).answered();
        self.usual.on_request_success(request, latency, node);
    }

    fn on_request_failure(
        &self,
        request: &RoutingInfo,
        latency: Duration,
        node: NodeRef<'_>,
        error: &RequestAttemptError,
    ) {
        if is_of_the_request(error) {
            self.debt_of(node).answered();
        }
        self.usual.on_request_failure(request, latency, node, error);
    }

    fn name(&self) -> String {
        "AnsweringFirst".to_owned()
    }
}

/// Whether another node would say the same. One that is cut off from the others says that they are not there.
fn is_of_the_request(error: &RequestAttemptError) -> bool {
    use DbError::{IsBootstrapping, Overloaded, ReadTimeout, ServerError, Unavailable, WriteTimeout};
    match error {
        RequestAttemptError::DbError(error, _) => !matches!(
            error,
            Unavailable { .. } | ReadTimeout { .. } | WriteTimeout { .. } | Overloaded | IsBootstrapping | ServerError
        ),
        _ => false,
    }
}
