// Package microsoft reads the provider's files: daily rated usage and invoice reconciliation lines, as CSV with
// PascalCase headers in any column order or as JSON lines with API names, plain or gzip.
//
// It does not judge values: an amount that is no number is delivered as it stands, and the importer keeps the row
// aside. It does refuse what is not such a file, or stops being one midway. Always true: values are delivered as
// printed, but for quotes and escapes; the unit of a credit follows the name of its field; blocks are whole records.
package microsoft
