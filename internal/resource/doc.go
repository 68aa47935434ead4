// Package resource owns what there is at customers: resources, as far as rows of usage name them.
//
// It knows no cloud, no money and no life cycle: a resource is known from its first row of usage on, and stays known. Always
// true: only rows of batches that count are looked at; a caller sees the resources at the places of their own tree where
// they may, and nobody who sells sees any by that.
package resource
