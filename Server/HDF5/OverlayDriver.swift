import CHDF5
import Glibc

/// The library's virtual file driver through which it reads and writes an `Overlay`.
///
/// The interface is that of H5FDpublic.h of HDF5 1.10; each function is called on the executor.
enum OverlayDriver {
    /// Has a file that is opened with an access list be an overlay.
    static func use(_ overlay: Overlay, in accessList: hid_t) throws(HDF5Error) {
        let driver = try check(registration, "H5FDregister", "overlay")
        var info = Unmanaged.passUnretained(overlay)
        try check(H5Pset_driver(accessList, driver, &info), "H5Pset_driver", "overlay")
    }

    private static let registration: hid_t = "holdfast overlay".withCString { name in
        var driver = H5FD_class_t()
        // The library keeps the name.
        driver.name = UnsafePointer(strdup(name))
        driver.maxaddr = haddr_t(Int64.max)
        driver.fc_degree = H5F_CLOSE_WEAK
        driver.fapl_size = MemoryLayout<Unmanaged<Overlay>>.size
        driver.open = { _, _, accessList, _ in OverlayDriver.open(accessList) }
        driver.close = { file in
            OverlayDriver.reference(file).release()
            free(file)
            return 0
        }
        driver.query = { _, flags in
            // As for a plain file, but that there is no descriptor. Nobody else reads it, but calls of the library that repairs
            // need are there only where live readers might.
            flags?.pointee = UInt(
                H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA_WRITE | H5FD_FEAT_ACCUMULATE_METADATA_READ
                    | H5FD_FEAT_DATA_SIEVE | H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE
                    | H5FD_FEAT_SUPPORTS_SWMR_IO
            )
            return 0
        }
        driver.get_eoa = { file, _ in OverlayDriver.overlay(file).allocatedEnd }
        driver.set_eoa = { file, _, end in
            OverlayDriver.overlay(file).allocatedEnd = end
            return 0
        }
        driver.get_eof = { file, _ in haddr_t(OverlayDriver.overlay(file).size) }
        driver.read = { file, _, _, place, count, buffer in
            OverlayDriver.status(file, place, count) { overlay, place throws(HDF5Error) in
                try overlay.read(UnsafeMutableRawBufferPointer(start: buffer, count: count), at: place)
            }
        }
        driver.write = { file, _, _, place, count, bytes in
            OverlayDriver.status(file, place, count) { overlay, place throws(HDF5Error) in
                try overlay.write(UnsafeRawBufferPointer(start: bytes, count: count), at: place)
            }
        }
        driver.truncate = { file, _, _ in
            let overlay = OverlayDriver.overlay(file)
            guard let end = Int(exactly: overlay.allocatedEnd) else { return -1 }
            overlay.resize(end)
            return 0
        }
        // As for a plain file: what is metadata, and what is data.
        let (metadata, data) = (H5FD_MEM_SUPER, H5FD_MEM_DRAW)
        driver.fl_map = (metadata, metadata, metadata, data, data, metadata, metadata)
        return H5FDregister(&driver)
    }

    /// What the library knows of a file, and behind it which overlay that is.
    private static func open(_ accessList: hid_t) -> UnsafeMutablePointer<H5FD_t>? {
        guard let info = H5Pget_driver_info(accessList),
            let memory = calloc(1, MemoryLayout<H5FD_t>.stride + MemoryLayout<Unmanaged<Overlay>>.size)
        else { return nil }
        let file = memory.bindMemory(to: H5FD_t.self, capacity: 1)
        let overlay = info.load(as: Unmanaged<Overlay>.self)
        overlay.takeUnretainedValue().allocatedEnd = 0
        UnsafeMutableRawPointer(file + 1).storeBytes(of: overlay.retain(), as: Unmanaged<Overlay>.self)
        return file
    }

    private static func reference(_ file: UnsafePointer<H5FD_t>?) -> Unmanaged<Overlay> {
        guard let file else { preconditionFailure("the library calls a driver without a file") }
        return UnsafeRawPointer(file + 1).load(as: Unmanaged<Overlay>.self)
    }

    private static func overlay(_ file: UnsafePointer<H5FD_t>?) -> Overlay { reference(file).takeUnretainedValue() }

    /// What the library is told of a read or a write.
    private static func status(
        _ file: UnsafePointer<H5FD_t>?,
        _ place: haddr_t,
        _ count: Int,
        _ body: (Overlay, Int) throws(HDF5Error) -> Void
    ) -> herr_t {
        guard let place = Int(exactly: place), !place.addingReportingOverflow(count).overflow else { return -1 }
        return (try? body(overlay(file), place)) == nil ? -1 : 0
    }
}
