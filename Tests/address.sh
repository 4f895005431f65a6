# shellcheck shell=bash
# Sourced by scripts that run the tests under the address sanitizer: one build serves them and libFuzzer.

address_path=.build-fuzz
# Release, since debug code is many times slower, which counts for libFuzzer; tests look into modules all the same.
# shellcheck disable=SC2034  # for the scripts that source this file
address_binary=$PWD/$address_path/release/holdfastPackageTests.xctest
address_flags=(
    --configuration release --scratch-path "$address_path" --sanitize address
    --explicit-target-dependency-import-check error
    -Xswiftc -enable-testing
    # libFuzzer is part of the toolchain; FuzzCampaign looks for it when it runs, so that it is not needed otherwise.
    -Xlinker "$(clang -print-file-name="libclang_rt.fuzzer_no_main-$(uname -m).a")" -Xlinker -lstdc++
    -Xlinker -u -Xlinker LLVMFuzzerRunDriver -Xlinker --export-dynamic-symbol=LLVMFuzzerRunDriver
)
# libhdf5 asks for as many bytes as a damaged file says, and can do without them.
export ASAN_OPTIONS=allocator_may_return_null=1:suppressions=$PWD/Tests/address.supp${ASAN_OPTIONS:+:$ASAN_OPTIONS}
export LSAN_OPTIONS=suppressions=$PWD/Tests/leaks.supp:print_suppressions=0${LSAN_OPTIONS:+:$LSAN_OPTIONS}
# Package.swift then has our own targets count what is reached, not those of others.
export HOLDFAST_FUZZ=1

build_address() { swift build --build-tests "${address_flags[@]}"; }
