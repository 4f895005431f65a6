import GRDB
import GRDBSQLite

/// A prepared statement: bound by position, stepped row by row.
///
/// It talks to SQLite's C interface, which for bulk work is twice as fast as binding through GRDB. The statement is
/// cached by its connection and must be reset before it is used again; ``Connection`` does so.
@safe struct Statement {
    private let statement: GRDB.Statement
    private let handle: OpaquePointer

    init(_ statement: GRDB.Statement) {
        self.statement = statement
        unsafe handle = unsafe statement.sqliteStatement
    }

    /// Binds all parameters, the first at position 1.
    func bind(_ values: [any SQLConvertible]) throws {
        for (index, value) in values.enumerated() { try bind(Int32(index + 1), value.sqlValue) }
    }

    /// Binds the parameter at a position.
    func bind(_ index: Int32, _ value: SQLValue) throws {
        switch value {
        case .null: try check(unsafe sqlite3_bind_null(handle, index))
        case .integer(let value): try bind(index, value)
        case .real(let value): try bind(index, value)
        case .text(let value): try bind(index, value)
        case .blob(let value): try bind(index, value)
        }
    }

    func bind(_ index: Int32, _ value: Int64) throws {
        try check(unsafe sqlite3_bind_int64(handle, index, value))
    }

    func bind(_ index: Int32, _ value: Double) throws {
        try check(unsafe sqlite3_bind_double(handle, index, value))
    }

    func bind(_ index: Int32, _ value: String?) throws {
        guard var value else { return try check(unsafe sqlite3_bind_null(handle, index)) }
        let code = value.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                unsafe sqlite3_bind_text64(
                    handle,
                    index,
                    text.baseAddress ?? Self.empty,
                    UInt64(text.count),
                    Self.transient,
                    UInt8(SQLITE_UTF8)
                )
            }
        }
        try check(code)
    }

    func bind(_ index: Int32, _ value: [UInt8]) throws {
        let code = unsafe value.withUnsafeBytes { bytes in
            unsafe bytes.isEmpty
                ? unsafe sqlite3_bind_zeroblob(handle, index, 0)
                : unsafe sqlite3_bind_blob64(
                    handle,
                    index,
                    bytes.baseAddress,
                    UInt64(bytes.count),
                    Self.transient
                )
        }
        try check(code)
    }

    /// Goes to the next row; false at the end.
    func step() throws -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw error()
        }
    }

    /// Runs a statement that returns no rows, and makes it ready to be bound again.
    func execute() throws {
        defer { reset() }
        while try step() {}
    }

    /// Makes the statement ready to be bound and stepped again.
    func reset() { unsafe sqlite3_reset(handle) }

    /// The rows' columns, after a step.
    var row: Row { unsafe Row(handle: handle) }

    private func check(_ code: Int32) throws {
        guard code == SQLITE_OK else { throw error() }
    }

    private func error() -> SQLError {
        let database = unsafe sqlite3_db_handle(handle)
        let message = unsafe sqlite3_errmsg(database).map { unsafe String(cString: $0) } ?? "unknown error"
        return SQLError(
            code: unsafe sqlite3_errcode(database) & 0xFF,
            extendedCode: unsafe sqlite3_extended_errcode(database),
            message: message,
            sql: statement.sql
        )
    }

    // SQLITE_TRANSIENT, a macro that Swift does not import: SQLite copies what is bound. Unsafe to share only in name: it is
    // the constant -1, which nobody calls or follows.
    nonisolated(unsafe) private static let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    // An empty string has no address to give, and SQLite takes none for NULL. One byte that nobody ever writes again.
    nonisolated(unsafe) private static let empty: UnsafePointer<CChar> = {
        let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        unsafe pointer.initialize(to: 0)
        return unsafe UnsafePointer(pointer)
    }()
}
