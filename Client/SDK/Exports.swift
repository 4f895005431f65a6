// The types of the protocol (JSONValue, ArrayValue, Action, the methods and their results) are part of this library's
// interface, so that a trainer imports one module.
@_exported public import Wire
