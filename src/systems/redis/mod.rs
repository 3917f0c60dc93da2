//! Redis: a primary that sends its writes to replicas some time later, and whoever makes another one primary
//! when it is gone.

mod cluster;
mod sentinel;
mod server;

pub(super) use cluster::RedisCluster;
pub(super) use sentinel::Redis;
