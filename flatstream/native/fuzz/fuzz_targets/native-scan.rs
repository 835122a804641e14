//! `flatstream_native_fuzz::scan` under libFuzzer, whose macro exports a C function; all else is in the library.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| flatstream_native_fuzz::scan(input));
