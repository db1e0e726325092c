//! One test binary for every shell of the system.
