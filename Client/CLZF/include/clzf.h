#ifndef CLZF_H
#define CLZF_H

#include <stddef.h>
#include <stdint.h>

/// A codec for the public LZF stream format (that of Marc Lehmann's LibLZF), which h5py reads and writes.
///
/// A stream is a sequence of
///   000LLLLL <L+1 bytes>           L+1 literal bytes
///   LLLooooo oooooooo              a copy of L+2 bytes (L in 1…6) from o+1 bytes back
///   111ooooo LLLLLLLL oooooooo     a copy of L+9 bytes from o+1 bytes back

/// Compresses `size` bytes into at most `capacity`; returns the stream's length, or 0 when it does not fit.
/// The two ranges must not overlap.
size_t clzf_compress(const void *_Nullable input, size_t size, void *_Nullable output, size_t capacity);

/// Decompresses a stream that must be well formed, be used up and yield exactly `output_size` bytes.
/// Returns `output_size`, or -1 when any of that does not hold; then the contents of the output are undefined.
/// Nothing outside the two ranges is read or written, whatever the stream says.
ptrdiff_t clzf_decompress(const void *_Nullable input, size_t size, void *_Nullable output, size_t output_size);

#endif
