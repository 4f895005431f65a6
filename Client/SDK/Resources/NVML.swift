import Glibc

/// NVIDIA's management library, loaded at run time where its driver is installed.
///
/// The signatures are those of nvml.h: a function returns 0 for success, and a device is a pointer.
//
// Sendable although it holds pointers: by its reference the API is thread-safe, and devices stay valid until
// `nvmlShutdown`, which is not called once there are any.
@safe struct NVML: @unchecked Sendable {
    // nvmlUtilization_t and nvmlMemory_t: a tuple of equal types lies in memory as the struct does.
    private typealias Utilization = (gpu: UInt32, memory: UInt32)
    private typealias Memory = (total: UInt64, free: UInt64, used: UInt64)

    private typealias Call = @convention(c) () -> Int32
    private typealias GetCount = @convention(c) (UnsafeMutablePointer<UInt32>) -> Int32
    private typealias GetDevice = @convention(c) (UInt32, UnsafeMutablePointer<OpaquePointer?>) -> Int32
    private typealias GetUtilization = @convention(c) (OpaquePointer, UnsafeMutableRawPointer) -> Int32
    private typealias GetMemory = @convention(c) (OpaquePointer, UnsafeMutableRawPointer) -> Int32

    private let devices: [OpaquePointer?]
    private let getUtilization: GetUtilization
    private let getMemory: GetMemory

    /// Nil where there is no such library, driver or GPU; may take seconds, while the driver wakes up.
    init?(library: String) {
        guard let handle = unsafe dlopen(library, RTLD_NOW | RTLD_LOCAL) else { return nil }
        guard let functions = unsafe Self.functions(of: handle) else {
            unsafe dlclose(handle)
            return nil
        }
        unsafe (devices, getUtilization, getMemory) = functions
    }

    private static func functions(
        of library: UnsafeMutableRawPointer
    ) -> (devices: [OpaquePointer?], getUtilization: GetUtilization, getMemory: GetMemory)? {
        guard let initialize = unsafe dlsym(library, "nvmlInit_v2"),
            let count = unsafe dlsym(library, "nvmlDeviceGetCount_v2"),
            let device = unsafe dlsym(library, "nvmlDeviceGetHandleByIndex_v2"),
            let utilization = unsafe dlsym(library, "nvmlDeviceGetUtilizationRates"),
            let memory = unsafe dlsym(library, "nvmlDeviceGetMemoryInfo"),
            let shutdown = unsafe dlsym(library, "nvmlShutdown"),
            unsafe unsafeBitCast(initialize, to: Call.self)() == 0
        else { return nil }
        let devices = unsafe devices(
            count: unsafeBitCast(count, to: GetCount.self),
            device: unsafeBitCast(device, to: GetDevice.self)
        )
        guard unsafe !devices.isEmpty else {
            // Closes the driver's files.
            _ = unsafe unsafeBitCast(shutdown, to: Call.self)()
            return nil
        }
        return unsafe (
            devices,
            unsafeBitCast(utilization, to: GetUtilization.self),
            unsafeBitCast(memory, to: GetMemory.self)
        )
    }

    private static func devices(count: GetCount, device: GetDevice) -> [OpaquePointer?] {
        var number: UInt32 = 0
        guard unsafe count(&number) == 0 else { return unsafe [] }
        return unsafe (0..<min(number, 1024)).map { index in
            var handle: OpaquePointer?
            return unsafe device(index, &handle) == 0 ? handle : nil
        }
    }

    /// Asks every GPU; one that does not answer is left out.
    func readings() -> [GPUReading] {
        unsafe devices.enumerated().compactMap { index, device in
            guard let device = unsafe device else { return nil }
            var utilization: Utilization = (0, 0)
            var memory: Memory = (0, 0, 0)
            let hasUtilization = unsafe getUtilization(device, &utilization) == 0
            let hasMemory = unsafe getMemory(device, &memory) == 0
            if !hasUtilization, !hasMemory { return nil }
            return GPUReading(
                index: index,
                utilization: hasUtilization ? Double(utilization.gpu) : nil,
                memory: hasMemory ? Double(memory.used) / 1_048_576 : nil
            )
        }
    }
}
