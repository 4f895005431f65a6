#ifndef CHDF5_SHIM_H
#define CHDF5_SHIM_H

#include <hdf5.h>

// HDF5's constants are macros that first open the library; Swift can import neither those macros nor, because they
// are mutable, the globals behind them. Hence a function for each one in use.

/// H5F_ACC_RDONLY checks the library's version before it yields its value.
static inline unsigned chdf5_read_only(void) { return H5F_ACC_RDONLY; }

/// H5F_ACC_RDWR checks the library's version before it yields its value.
static inline unsigned chdf5_read_write(void) { return H5F_ACC_RDWR; }

/// H5F_ACC_TRUNC checks the library's version before it yields its value.
static inline unsigned chdf5_truncate(void) { return H5F_ACC_TRUNC; }

/// H5F_ACC_SWMR_READ checks the library's version before it yields its value.
static inline unsigned chdf5_swmr_read(void) { return H5F_ACC_SWMR_READ; }

/// H5F_ACC_SWMR_WRITE checks the library's version before it yields its value.
static inline unsigned chdf5_swmr_write(void) { return H5F_ACC_SWMR_WRITE; }

/// H5P_FILE_ACCESS opens the library and reads a mutable global.
static inline hid_t chdf5_file_access(void) { return H5P_FILE_ACCESS; }

/// H5P_FILE_CREATE opens the library and reads a mutable global.
static inline hid_t chdf5_file_create(void) { return H5P_FILE_CREATE; }

/// H5P_DATASET_CREATE opens the library and reads a mutable global.
static inline hid_t chdf5_dataset_create(void) { return H5P_DATASET_CREATE; }

/// H5P_DATASET_ACCESS opens the library and reads a mutable global.
static inline hid_t chdf5_dataset_access(void) { return H5P_DATASET_ACCESS; }

/// H5P_LINK_CREATE opens the library and reads a mutable global.
static inline hid_t chdf5_link_create(void) { return H5P_LINK_CREATE; }

/// H5P_DEFAULT is a cast that Swift imports as a different integer type.
static inline hid_t chdf5_default(void) { return H5P_DEFAULT; }

/// H5S_ALL is a cast that Swift imports as a different integer type.
static inline hid_t chdf5_all(void) { return H5S_ALL; }

/// H5E_DEFAULT is a cast that Swift imports as a different integer type.
static inline hid_t chdf5_current_errors(void) { return H5E_DEFAULT; }

/// H5S_UNLIMITED is a cast of a negative number.
static inline hsize_t chdf5_unlimited(void) { return H5S_UNLIMITED; }

/// H5T_VARIABLE is a cast of a negative number.
static inline size_t chdf5_variable(void) { return H5T_VARIABLE; }

/// H5T_C_S1 opens the library and reads a mutable global.
static inline hid_t chdf5_c_string(void) { return H5T_C_S1; }

// The little-endian types: every file and every buffer of the project has them, whatever the host's byte order.

/// H5T_STD_U8LE opens the library and reads a mutable global.
static inline hid_t chdf5_uint8(void) { return H5T_STD_U8LE; }

/// H5T_STD_I8LE opens the library and reads a mutable global.
static inline hid_t chdf5_int8(void) { return H5T_STD_I8LE; }

/// H5T_STD_U16LE opens the library and reads a mutable global.
static inline hid_t chdf5_uint16(void) { return H5T_STD_U16LE; }

/// H5T_STD_I16LE opens the library and reads a mutable global.
static inline hid_t chdf5_int16(void) { return H5T_STD_I16LE; }

/// H5T_STD_U32LE opens the library and reads a mutable global.
static inline hid_t chdf5_uint32(void) { return H5T_STD_U32LE; }

/// H5T_STD_I32LE opens the library and reads a mutable global.
static inline hid_t chdf5_int32(void) { return H5T_STD_I32LE; }

/// H5T_STD_U64LE opens the library and reads a mutable global.
static inline hid_t chdf5_uint64(void) { return H5T_STD_U64LE; }

/// H5T_STD_I64LE opens the library and reads a mutable global.
static inline hid_t chdf5_int64(void) { return H5T_STD_I64LE; }

/// H5T_IEEE_F32LE opens the library and reads a mutable global.
static inline hid_t chdf5_float32(void) { return H5T_IEEE_F32LE; }

/// H5T_IEEE_F64LE opens the library and reads a mutable global.
static inline hid_t chdf5_float64(void) { return H5T_IEEE_F64LE; }

#endif
