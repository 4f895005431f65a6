// libpng's classic API behind functions that never let a longjmp leave C.
//
// libpng reports failure by longjmp. Swift can neither call setjmp nor be jumped over, so every function here that
// calls libpng sets its own jump target, and returns false with a message instead. No local variable is changed
// between setjmp and the code that a jump lands in, so none needs to be volatile.

#ifndef CPNG_SHIM_H
#define CPNG_SHIM_H

#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A function that calls setjmp must keep its own frame.
#define CPNG_OWN_FRAME static __attribute__((noinline, unused))

enum { CPNG_MESSAGE_SIZE = 128 };

static inline void cpng_keep_message(char *buffer, const char *message) {
    strncpy(buffer, message, CPNG_MESSAGE_SIZE - 1);
    buffer[CPNG_MESSAGE_SIZE - 1] = '\0';
}

// libpng's default handlers print to standard error.
static inline void cpng_on_error(png_structp png, png_const_charp message) {
    cpng_keep_message((char *)png_get_error_ptr(png), message);
    longjmp(png_jmpbuf(png), 1);
}

static inline void cpng_on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

// Writing

// The encoded file, growing while libpng writes it.
typedef struct cpng_writer {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    char message[CPNG_MESSAGE_SIZE];
} cpng_writer;

static inline cpng_writer *cpng_writer_create(void) { return (cpng_writer *)calloc(1, sizeof(cpng_writer)); }

static inline void cpng_writer_destroy(cpng_writer *writer) {
    free(writer->bytes);
    free(writer);
}

// An array member is a tuple in Swift.
static inline const char *cpng_writer_message(const cpng_writer *writer) { return writer->message; }

static inline void cpng_on_write(png_structp png, png_bytep bytes, size_t count) {
    cpng_writer *writer = (cpng_writer *)png_get_io_ptr(png);
    if (count > writer->capacity - writer->count) {
        size_t capacity = 2 * writer->capacity + count + 4096;
        uint8_t *grown = (uint8_t *)realloc(writer->bytes, capacity);
        if (!grown) png_error(png, "out of memory");
        writer->bytes = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->bytes + writer->count, bytes, count);
    writer->count += count;
}

static inline void cpng_on_flush(png_structp png) { (void)png; }

static inline int cpng_color_type(int channels) {
    switch (channels) {
    case 1: return PNG_COLOR_TYPE_GRAY;
    case 2: return PNG_COLOR_TYPE_GRAY_ALPHA;
    case 3: return PNG_COLOR_TYPE_RGB;
    default: return PNG_COLOR_TYPE_RGB_ALPHA;
    }
}

// Encodes packed rows (16-bit samples little-endian) into the writer's bytes.
CPNG_OWN_FRAME bool cpng_write(
    cpng_writer *writer, const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int bit_depth) {
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, writer->message, cpng_on_error, cpng_on_warning);
    if (!png) return false;
    png_infop info = png_create_info_struct(png);
    if (!info || setjmp(png_jmpbuf(png))) {
        png_destroy_write_struct(&png, &info);
        return false;
    }
    png_set_write_fn(png, writer, cpng_on_write, cpng_on_flush);
    // The default is a million in each direction; the caller has checked the size already.
    png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(
        png, info, width, height, bit_depth, cpng_color_type(channels), PNG_INTERLACE_NONE,
        PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // One filter at the fastest level: trying all five per row takes three times as long for a few percent.
    png_set_compression_level(png, 1);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_UP);
    png_write_info(png, info);
    if (bit_depth == 16) png_set_swap(png);
    size_t stride = (size_t)width * (size_t)channels * (size_t)(bit_depth / 8);
    for (uint32_t row = 0; row < height; row++) png_write_row(png, pixels + row * stride);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return true;
}

// Reading

// A file in memory, libpng's state, and what is known of the image so far.
typedef struct cpng_reader {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t remaining;
    uint32_t width;
    uint32_t height;
    int channels;
    int bit_depth;
    int passes;
    size_t stride;
    char message[CPNG_MESSAGE_SIZE];
} cpng_reader;

static inline void cpng_on_read(png_structp png, png_bytep target, size_t count) {
    cpng_reader *reader = (cpng_reader *)png_get_io_ptr(png);
    if (count > reader->remaining) png_error(png, "the file ends early");
    memcpy(target, reader->bytes, count);
    reader->bytes += count;
    reader->remaining -= count;
}

static inline void cpng_reader_destroy(cpng_reader *reader) {
    if (reader->png) png_destroy_read_struct(&reader->png, &reader->info, NULL);
    free(reader);
}

// The bytes must outlive the reader.
static inline cpng_reader *cpng_reader_create(const uint8_t *bytes, size_t count) {
    cpng_reader *reader = (cpng_reader *)calloc(1, sizeof(cpng_reader));
    if (!reader) return NULL;
    reader->bytes = bytes;
    reader->remaining = count;
    reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader->message, cpng_on_error, cpng_on_warning);
    if (reader->png) reader->info = png_create_info_struct(reader->png);
    if (!reader->info) {
        cpng_reader_destroy(reader);
        return NULL;
    }
    return reader;
}

static inline const char *cpng_reader_message(const cpng_reader *reader) { return reader->message; }

// Reads everything before the pixels; then width and height are known and nothing of that size is allocated yet.
CPNG_OWN_FRAME bool cpng_read_header(cpng_reader *reader, size_t chunk_limit) {
    if (setjmp(png_jmpbuf(reader->png))) return false;
    png_set_read_fn(reader->png, reader, cpng_on_read);
    // Sizes are the caller's to judge.
    png_set_user_limits(reader->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_chunk_malloc_max(reader->png, chunk_limit);
    // Texts and colour profiles are skipped unread: nothing here uses them, and they decompress.
    png_set_keep_unknown_chunks(reader->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(reader->png, reader->info);
    reader->width = png_get_image_width(reader->png, reader->info);
    reader->height = png_get_image_height(reader->png, reader->info);
    return true;
}

// Asks for 8- or 16-bit samples without palette or transparent colour; then the size of a row is known.
CPNG_OWN_FRAME bool cpng_expand(cpng_reader *reader) {
    if (setjmp(png_jmpbuf(reader->png))) return false;
    png_set_expand(reader->png);
    if (png_get_bit_depth(reader->png, reader->info) == 16) png_set_swap(reader->png);
    reader->passes = png_set_interlace_handling(reader->png);
    png_read_update_info(reader->png, reader->info);
    reader->channels = png_get_channels(reader->png, reader->info);
    reader->bit_depth = png_get_bit_depth(reader->png, reader->info);
    reader->stride = png_get_rowbytes(reader->png, reader->info);
    return true;
}

// Fills height × stride bytes and checks the rest of the file.
CPNG_OWN_FRAME bool cpng_read_pixels(cpng_reader *reader, uint8_t *pixels) {
    if (setjmp(png_jmpbuf(reader->png))) return false;
    for (int pass = 0; pass < reader->passes; pass++)
        for (uint32_t row = 0; row < reader->height; row++)
            png_read_row(reader->png, pixels + row * reader->stride, NULL);
    png_read_end(reader->png, NULL);
    return true;
}

#endif
