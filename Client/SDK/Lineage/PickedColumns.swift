public import Wire

/// Columns of a saved table, as the ``Table`` that a thunk gets.
public struct PickedColumns: ThunkArgument {
    public let argumentValue: Table
    public let argumentForm: ArgumentForm
}

/// A column of a saved table, as the array that a thunk gets.
public struct PickedColumn: ThunkArgument {
    public let argumentValue: ArrayValue
    public let argumentForm: ArgumentForm
}

extension Record {
    /// Some of a table's columns, as an argument. It is told from others by the whole table and the names, so that a plan can tell
    /// it without loading the table.
    ///
    /// - Throws: ``HoldfastError`` with `invalid_value` for a value that is no table, or has not these columns.
    public func columns(_ names: String...) throws -> PickedColumns {
        PickedColumns(
            argumentValue: try value.encode().table().select(names),
            argumentForm: .columns(names, of: argumentForm)
        )
    }

    /// One of a table's columns, as an argument.
    public func column(_ name: String) throws -> PickedColumn {
        PickedColumn(
            argumentValue: try value.encode().table().array(name),
            argumentForm: .columns([name], of: argumentForm)
        )
    }
}
