// Package selling has the commands for who sells to whom and at what price: init, apply, world, pricebook.
//
// It decides nothing: a file is sent as it is, and what it comes to is the API's to say. Always true: a file that is there
// is not overwritten; a fault of what a file says names the file.
package selling
