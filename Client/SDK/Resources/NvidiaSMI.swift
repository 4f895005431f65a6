/// The tool `nvidia-smi`, for where NVIDIA's library can't be loaded.
///
/// While it runs it is a child of this process, and part of its tree.
struct NvidiaSMI: Sendable {
    /// The tool's path, or a name to look for in `PATH`.
    let path: String
    /// How long it may take; then it is killed.
    var limit = Duration.seconds(2)

    /// Runs the tool; nil when it is not there, fails, takes too long or prints something else. Blocks that long.
    func readings() -> [GPUReading]? {
        let query = ["--query-gpu=index,utilization.gpu,memory.used", "--format=csv,noheader,nounits"]
        return ChildProcess.output(of: path, arguments: query, limit: limit).flatMap(Self.parse)
    }

    /// Lines such as `0, 35, 1024`: index, %, MiB; `[N/A]` and the like stand for what a GPU doesn't know.
    static func parse(_ output: [UInt8]) -> [GPUReading]? {
        var text = ProcText(output)
        var readings: [GPUReading] = []
        repeat {
            guard let index = text.integer(), text.skip(through: UInt8(ascii: ",")) else { continue }
            let utilization = text.integer()
            guard text.skip(through: UInt8(ascii: ",")) else { continue }
            let reading = GPUReading(
                index: Int(clamping: index),
                utilization: utilization.map { Double($0) },
                memory: text.integer().map { Double($0) }
            )
            readings.append(reading)
        } while text.nextLine()
        return readings.isEmpty ? nil : readings
    }
}
