// Package people has the commands for who signs in and what they may do: person, group, program, federation, access,
// privacy.
//
// It decides nothing about access. Always true: what is told once, such as a link or a secret, is printed and kept nowhere.
package people
