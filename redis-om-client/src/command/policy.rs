//! How a command is spread over the nodes of a cluster, and how their replies come together.
//!
//! The servers say the same in the tips of `COMMAND INFO`, with the names that are used here. One server alone is one
//! node: there the policies change nothing.

/// Which nodes get a command (`request_policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum Request {
    /// The node of its keys; any node, if it has no key. This is the default.
    #[default]
    One,
    /// `multi_shard`: it may be split by the slots of its keys, such as `MGET`.
    MultiShard,
    /// `all_shards`: the primary of each shard, such as `DBSIZE`.
    AllShards,
    /// `all_nodes`: each node, replicas too, such as `SCRIPT LOAD`.
    AllNodes,
    /// `special`: no rule says which nodes, such as `SCAN`: the caller names one.
    Special,
}

/// How the replies of several nodes become one (`response_policy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
#[repr(u8)]
pub enum Response {
    /// In the order of the keys, if the command has keys (`MGET`), else joined in any order (`KEYS`). This is the default.
    #[default]
    Default,
    /// `agg_sum`: the sum of the numbers, such as for `DEL`.
    AggSum,
    /// `agg_min`: the smallest number, such as for `WAIT`.
    AggMin,
    /// `agg_max`: the largest number.
    AggMax,
    /// `agg_logical_and`: 1 where all nodes said 1, element by element, such as for `SCRIPT EXISTS`.
    LogicalAnd,
    /// `all_succeeded`: any reply, if no node failed, such as for `FLUSHALL`.
    AllSucceeded,
    /// `one_succeeded`: the reply of a node that did not fail, such as for `SCRIPT KILL`.
    OneSucceeded,
    /// `special`: no rule makes one of them, such as for `INFO`.
    Special,
}

/// Both policies of a command, in one byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Policy(u8);

/// How many low bits hold the request.
const REQUEST_BITS: u8 = 3;

impl Policy {
    /// Which nodes get the command.
    #[must_use]
    pub fn request(self) -> Request {
        match self.0 & ((1 << REQUEST_BITS) - 1) {
            1 => Request::MultiShard,
            2 => Request::AllShards,
            3 => Request::AllNodes,
            4 => Request::Special,
            _ => Request::One,
        }
    }

    /// How their replies become one.
    #[must_use]
    pub fn response(self) -> Response {
        match self.0 >> REQUEST_BITS {
            1 => Response::AggSum,
            2 => Response::AggMin,
            3 => Response::AggMax,
            4 => Response::LogicalAnd,
            5 => Response::AllSucceeded,
            6 => Response::OneSucceeded,
            7 => Response::Special,
            _ => Response::Default,
        }
    }

    #[inline]
    pub(super) fn with_request(self, request: Request) -> Self {
        Self((self.0 >> REQUEST_BITS << REQUEST_BITS) | request as u8)
    }

    #[inline]
    pub(super) fn with_response(self, response: Response) -> Self {
        Self((self.0 & ((1 << REQUEST_BITS) - 1)) | (response as u8) << REQUEST_BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_policies_fit_into_one_byte() {
        use {Request as Q, Response as P};
        let requests = [Q::One, Q::MultiShard, Q::AllShards, Q::AllNodes, Q::Special];
        let responses = [
            P::Default,
            P::AggSum,
            P::AggMin,
            P::AggMax,
            P::LogicalAnd,
            P::AllSucceeded,
            P::OneSucceeded,
            P::Special,
        ];
        let start = Policy::default();
        assert_eq!((start.request(), start.response()), (Q::One, P::Default));
        for request in requests {
            for response in responses {
                for policy in [
                    start.with_request(request).with_response(response),
                    start.with_response(response).with_request(request),
                    start.with_request(Q::Special).with_response(response).with_request(request),
                ] {
                    assert_eq!((policy.request(), policy.response()), (request, response));
                }
            }
        }
    }
}
