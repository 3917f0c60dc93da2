//! Many runs of one question.

pub mod calibrate;
pub mod compare;
pub mod prove;
mod shorten;
pub mod shrink;
pub mod statistics;
pub mod torture;
