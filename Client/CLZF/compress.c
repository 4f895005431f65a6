#include "clzf.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bytes are compared in little-endian integers");

enum {
    max_literals = 32,
    min_match = 3,
    max_match = 264,
    max_distance = 8192,
    max_table_bits = 13,
    /// A shorter match is compared with one at the distance of a line.
    long_match = 64,
    /// From here on a distance may be that of a line: nearer ones are runs of a value.
    min_line = 32,
};

typedef struct {
    uint8_t *next;
    uint8_t *end;
} sink;

static inline uint32_t load32(const uint8_t *p) {
    uint32_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

static inline uint64_t load64(const uint8_t *p) {
    uint64_t value;
    memcpy(&value, p, sizeof value);
    return value;
}

/// The bits of a `load32` that hold its first three bytes.
static const uint32_t three_bytes = 0x00ffffff;

/// The hash of the three bytes at `p`; a fourth is read and dropped.
static inline uint32_t hash3(const uint8_t *p, unsigned shift) {
    return ((load32(p) & three_bytes) * 2654435761u) >> shift;
}

/// How many bytes at `a` and `b` are equal, at most up to `end` of `b`; `a` lies before `b`.
static inline size_t equal_bytes(const uint8_t *a, const uint8_t *b, const uint8_t *end) {
    const uint8_t *start = b;
    // Long matches, four words for one branch.
    while (end - b >= 32) {
        uint64_t first = (load64(a) ^ load64(b)) | (load64(a + 8) ^ load64(b + 8));
        uint64_t second = (load64(a + 16) ^ load64(b + 16)) | (load64(a + 24) ^ load64(b + 24));
        if ((first | second) != 0) {
            break;
        }
        a += 32;
        b += 32;
    }
    while (end - b >= 8) {
        uint64_t difference = load64(a) ^ load64(b);
        if (difference != 0) {
            return (size_t)(b - start) + (size_t)(__builtin_ctzll(difference) >> 3);
        }
        a += 8;
        b += 8;
    }
    while (b < end && *a == *b) {
        a++;
        b++;
    }
    return (size_t)(b - start);
}

/// Writes `count` literals in runs of at most 32; returns 0 when they do not fit.
static inline int put_literals(sink *out, const uint8_t *from, size_t count) {
    while (count > 0) {
        size_t run = count < max_literals ? count : max_literals;
        if ((size_t)(out->end - out->next) < run + 1) {
            return 0;
        }
        *out->next++ = (uint8_t)(run - 1);
        memcpy(out->next, from, run);
        out->next += run;
        from += run;
        count -= run;
    }
    return 1;
}

/// Writes one copy of `length` bytes from `distance` back; returns 0 when it does not fit.
static inline int put_match(sink *out, size_t distance, size_t length) {
    size_t offset = distance - 1;
    size_t code = length - 2;
    if (out->end - out->next < (code < 7 ? 2 : 3)) {
        return 0;
    }
    if (code < 7) {
        *out->next++ = (uint8_t)((code << 5) | (offset >> 8));
    } else {
        *out->next++ = (uint8_t)((7 << 5) | (offset >> 8));
        *out->next++ = (uint8_t)(code - 7);
    }
    *out->next++ = (uint8_t)offset;
    return 1;
}

/// Writes a match of any length as copies of at most 264 bytes; returns how many bytes they cover, 0 when
/// they do not fit.
///
/// A rest too short for a copy of its own is left to the caller.
static inline size_t put_matches(sink *out, size_t distance, size_t length) {
    size_t rest = length;
    while (rest >= min_match) {
        size_t part = rest < max_match ? rest : max_match;
        if (!put_match(out, distance, part)) {
            return 0;
        }
        rest -= part;
    }
    return length - rest;
}

/// The table's size follows the input's, so that a small row does not pay for clearing a large table.
static unsigned table_bits(size_t size) {
    unsigned bits = 8;
    while (bits < max_table_bits && ((size_t)1 << bits) < size) {
        bits++;
    }
    return bits;
}

size_t clzf_compress(const void *input, size_t size, void *output, size_t capacity) {
    if (size == 0 || capacity == 0 || size > UINT32_MAX) {
        return 0;
    }
    const uint8_t *const base = input;
    const uint8_t *const end = base + size;
    sink out = {output, (uint8_t *)output + capacity};
    const uint8_t *anchor = base;

    if (size > 4) {
        // The last position at which four bytes can be read.
        const uint8_t *const last = end - 4;
        uint32_t table[1 << max_table_bits];
        const unsigned bits = table_bits(size);
        const unsigned shift = 32 - bits;
        memset(table, 0, sizeof table[0] << bits);
        const uint8_t *at = base + 1;
        size_t misses = 0;
        // The latest distance that may be a picture's line: what repeats from line to line is found there, where the table has
        // nearer places only.
        size_t line = 0;

        while (at <= last) {
            uint32_t *slot = &table[hash3(at, shift)];
            const uint8_t *candidate = base + *slot;
            *slot = (uint32_t)(at - base);
            size_t distance = (size_t)(at - candidate);
            if (distance > max_distance || ((load32(candidate) ^ load32(at)) & three_bytes) != 0) {
                // Noise is stepped over faster the longer it lasts.
                at += 1 + (misses++ >> 6);
                continue;
            }
            misses = 0;
            size_t length = min_match + equal_bytes(candidate + min_match, at + min_match, end);
            if (length < long_match && line != 0 && line != distance && line <= (size_t)(at - base)) {
                size_t line_length = equal_bytes(at - line, at, end);
                if (line_length > length) {
                    length = line_length;
                    distance = line;
                }
            }
            if (distance >= min_line) {
                line = distance;
            }
            if (!put_literals(&out, anchor, (size_t)(at - anchor))) {
                return 0;
            }
            size_t covered = put_matches(&out, distance, length);
            if (covered == 0) {
                return 0;
            }
            at += covered;
            anchor = at;
            // The next match often begins where this one's pattern ends.
            if (at <= last) {
                table[hash3(at - 2, shift)] = (uint32_t)(at - 2 - base);
                table[hash3(at - 1, shift)] = (uint32_t)(at - 1 - base);
            }
        }
    }
    if (!put_literals(&out, anchor, (size_t)(end - anchor))) {
        return 0;
    }
    return (size_t)(out.next - (uint8_t *)output);
}
