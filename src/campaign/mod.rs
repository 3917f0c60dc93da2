//! Many runs of one question.

pub mod prove;
mod shorten;
pub mod shrink;
pub mod torture;
