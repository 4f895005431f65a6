#ifndef CDEFLATE_SHIM_H
#define CDEFLATE_SHIM_H

#include <libdeflate.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

/// deflateInit is a macro, and the structure must be cleared before it.
static inline int cdeflate_start(z_stream *stream, int level) {
    memset(stream, 0, sizeof *stream);
    return deflateInit(stream, level);
}

/// Compresses all of `input` into `output` as one zlib stream; returns its length, or 0 when it does not fit.
///
/// In C because z_stream's input pointer is not const and its counters are 32 bits wide; both sizes must fit those.
static inline size_t cdeflate_row(
    z_stream *stream, const void *input, size_t size, void *output, size_t capacity
) {
    stream->next_in = (Bytef *)input;
    stream->avail_in = (uInt)size;
    stream->next_out = (Bytef *)output;
    stream->avail_out = (uInt)capacity;
    int result = deflate(stream, Z_FINISH);
    size_t length = capacity - stream->avail_out;
    deflateReset(stream);
    return result == Z_STREAM_END ? length : 0;
}

/// deflateInit2 is a macro; a raw stream has neither zlib's header nor its checksum.
static inline int cdeflate_start_raw(z_stream *stream, int level) {
    memset(stream, 0, sizeof *stream);
    return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
}

/// Compresses on into `output` and returns how much is there; `size` is then what is left of the input.
///
/// In C for the same reasons.
static inline size_t cdeflate_piece(
    z_stream *stream, const void *input, ptrdiff_t *size, void *output, size_t capacity, bool is_last
) {
    stream->next_in = (Bytef *)input;
    stream->avail_in = (uInt)*size;
    stream->next_out = (Bytef *)output;
    stream->avail_out = (uInt)capacity;
    deflate(stream, is_last ? Z_FINISH : Z_NO_FLUSH);
    *size = stream->avail_in;
    return capacity - stream->avail_out;
}

#endif
