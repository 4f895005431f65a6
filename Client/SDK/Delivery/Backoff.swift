/// Delays before new attempts: random between zero and a bound that doubles up to a limit ("full jitter").
///
/// The sequence is endless: a client that holds records keeps trying until it is closed.
struct Backoff: Sequence, Sendable {
    let first: Duration
    let longest: Duration

    func makeIterator() -> Iterator { Iterator(bound: first, longest: longest) }

    func makeIterator(using generator: some RandomNumberGenerator & Sendable) -> Iterator {
        Iterator(bound: first, longest: longest, generator: generator)
    }

    struct Iterator: IteratorProtocol, Sendable {
        private var bound: Duration
        private let longest: Duration
        private var generator: any RandomNumberGenerator & Sendable

        fileprivate init(
            bound: Duration,
            longest: Duration,
            generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
        ) {
            self.bound = Swift.min(bound, longest)
            self.longest = longest
            self.generator = generator
        }

        mutating func next() -> Duration? {
            let delay = bound * Double.random(in: 0...1, using: &generator)
            bound = Swift.min(bound * 2, longest)
            return delay
        }
    }
}
