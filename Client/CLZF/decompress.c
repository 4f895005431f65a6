#include "clzf.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "patterns are built in little-endian integers");

enum {
    /// How far a copy may write past its end while it stays inside the output.
    overshoot = 32,
};

static inline void copy16(uint8_t *to, const uint8_t *from) {
    uint8_t block[16];
    memcpy(block, from, sizeof block);
    memcpy(to, block, sizeof block);
}

/// Repeats the `distance` bytes before `to`, fewer than 16.
///
/// Loads of what was just stored would wait for the stores; here the pattern stays in registers.
static inline void repeat_short(uint8_t *to, size_t distance, size_t length) {
    uint8_t *const end = to + length;
    unsigned __int128 pattern;
    memcpy(&pattern, to - distance, sizeof pattern);
    pattern &= ((unsigned __int128)1 << (8 * distance)) - 1;
    for (size_t bits = 8 * distance; bits < 128; bits *= 2) {
        pattern |= pattern << bits;
    }
    const size_t step = 16 - 16 % distance;
    while (to < end) {
        memcpy(to, &pattern, sizeof pattern);
        to += step;
    }
}

/// Repeats the `distance` bytes before `to`, 16 to 32, likewise from registers.
static inline void repeat_medium(uint8_t *to, size_t distance, size_t length) {
    uint8_t *const end = to + length;
    uint8_t head[16];
    uint8_t tail[16];
    memcpy(head, to - distance, 16);
    memcpy(tail, to - 16, 16);
    while (to < end) {
        memcpy(to, head, 16);
        memcpy(to + distance - 16, tail, 16);
        to += distance;
    }
}

/// Copies `length` bytes from `distance` back, and up to 31 bytes more, which later output overwrites.
static inline void copy_match_wide(uint8_t *to, size_t distance, size_t length) {
    if (distance == 1) {
        memset(to, to[-1], length);
    } else if (distance < 16) {
        repeat_short(to, distance, length);
    } else if (distance <= 32) {
        repeat_medium(to, distance, length);
    } else {
        const uint8_t *from = to - distance;
        uint8_t *const end = to + length;
        while (to < end) {
            copy16(to, from);
            to += 16;
            from += 16;
        }
    }
}

/// Copies exactly `length` bytes from `distance` back; the ranges may overlap.
static inline void copy_match_exact(uint8_t *to, size_t distance, size_t length) {
    const uint8_t *from = to - distance;
    if (distance >= length) {
        memcpy(to, from, length);
        return;
    }
    for (size_t index = 0; index < length; index++) {
        to[index] = from[index];
    }
}

ptrdiff_t clzf_decompress(const void *input, size_t size, void *output, size_t output_size) {
    if (size == 0 || output_size == 0) {
        return size == 0 && output_size == 0 ? 0 : -1;
    }
    const uint8_t *in = input;
    const uint8_t *const in_end = in + size;
    uint8_t *out = output;
    uint8_t *const out_end = out + output_size;

    while (in < in_end) {
        size_t control = *in++;
        if (control < 32) {
            size_t count = control + 1;
            if ((size_t)(in_end - in) < count || (size_t)(out_end - out) < count) {
                return -1;
            }
            if (in_end - in >= 32 && out_end - out >= 32) {
                copy16(out, in);
                copy16(out + 16, in + 16);
            } else {
                memcpy(out, in, count);
            }
            in += count;
            out += count;
            continue;
        }
        size_t length = (control >> 5) + 2;
        if (length == 9) {
            if (in == in_end) {
                return -1;
            }
            length += *in++;
        }
        if (in == in_end) {
            return -1;
        }
        size_t distance = ((control & 31) << 8 | *in++) + 1;
        if ((size_t)(out - (uint8_t *)output) < distance || (size_t)(out_end - out) < length) {
            return -1;
        }
        if ((size_t)(out_end - out) >= length + overshoot) {
            copy_match_wide(out, distance, length);
        } else {
            copy_match_exact(out, distance, length);
        }
        out += length;
    }
    return out == out_end ? (ptrdiff_t)output_size : -1;
}
