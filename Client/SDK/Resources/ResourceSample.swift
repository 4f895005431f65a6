/// One number about this machine or this process at one moment.
package struct ResourceSample: Sendable, Equatable {
    /// What is measured: `cpu`, `ram`, `gpu`, `disk` or `network`.
    package var type: String
    /// Which number of it, such as `process_tree`.
    package var name: String
    package var value: Double
    /// `%`, `MB` or `MB/s`; a MB is 2^20 bytes.
    package var unit: String
}
