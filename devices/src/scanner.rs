//! Keyboard-wedge scanners.
