// Package world owns how organisations and price books are written as YAML: reading them strictly, printing them
// back, and the commented files a new installation starts with.
//
// It does not decide whether what it read makes sense (org and pricing do) and stores nothing. Always true: a word it
// does not know is refused with its line; digits are read as written, never through a floating-point number; what it
// prints it reads back as the same value.
package world
