import Foundation

#if canImport(Glibc)
import Glibc
#endif

/// What this process uses, as /proc has it; nil where that can't be read.
struct ProcessReading {
    /// Bytes of memory that are in use.
    let residentBytes: Int?
    let openDescriptors: Int?
    let mostDescriptors: Int?
    /// Seconds of CPU time, of all threads.
    let cpuSeconds: Double

    init() {
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ")
        residentBytes = pages.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 * sysconf(Int32(_SC_PAGESIZE)) }
        openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count
        var limit = rlimit()
        let isKnown = unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        mostDescriptors = isKnown ? Int(clamping: limit.rlim_cur) : nil
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        cpuSeconds =
            Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
            + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
    }
}
