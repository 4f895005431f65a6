/// One direction of an area-averaged reduction: how much of which input pixels falls on each output pixel.
///
/// Lengths are in units of 1/output of an input pixel, so that every share is an integer: an input pixel is
/// `output` long, an output pixel `input`, and the shares of an output pixel add up to `input`.
struct AreaScale {
    /// A run of neighbouring input pixels and the index of the first one's share.
    struct Span {
        let start: Int
        let count: Int
        let firstShare: Int
    }

    let input: Int
    let spans: [Span]
    let shares: [UInt32]

    /// Both in pixels; never enlarges.
    init(from input: Int, to output: Int) {
        precondition(0 < output && output <= input && input <= Int(Int32.max), "an area scale reduces")
        var spans: [Span] = []
        var shares: [UInt32] = []
        spans.reserveCapacity(output)
        shares.reserveCapacity(input + output)
        for index in 0..<output {
            let from = index * input
            let to = from + input
            let start = from / output
            let end = (to + output - 1) / output
            spans.append(Span(start: start, count: end - start, firstShare: shares.count))
            for pixel in start..<end {
                shares.append(UInt32(min(to, (pixel + 1) * output) - max(from, pixel * output)))
            }
        }
        self.input = input
        self.spans = spans
        self.shares = shares
    }
}
