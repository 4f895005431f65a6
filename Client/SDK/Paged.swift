/// What a list holds, fetched page by page while it is used.
public struct Paged<Element: Sendable>: AsyncSequence, Sendable {
    typealias Page = @Sendable (_ cursor: String?) async throws -> (elements: [Element], cursor: String?)

    private let page: Page

    init(_ page: @escaping Page) { self.page = page }

    /// Goes through the list.
    public struct AsyncIterator: AsyncIteratorProtocol {
        private let page: Page
        private var elements: ArraySlice<Element> = []
        private var cursor: String?
        private var isLast = false

        fileprivate init(page: @escaping Page) { self.page = page }

        public mutating func next() async throws -> Element? {
            while elements.isEmpty, !isLast {
                let next = try await page(cursor)
                elements = next.elements[...]
                cursor = next.cursor
                isLast = cursor == nil
            }
            return elements.popFirst()
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(page: page) }
}
