// Package shard owns maps that never change: an edit makes another map that shares everything with the one before it
// but the shards it touched. So whoever holds a map can read it without a lock, and one change of a large map is cheap.
//
// It does not own what the maps hold: values are shared and must not be changed either.
package shard

import (
	"iter"
	"maps"
	"reflect"
)

// count bounds what one edit copies: a list of this many shards, and one of them.
const count = 1024

// Map is an immutable map by text. The zero Map is empty.
type Map[K ~string, V any] struct {
	shards *[count]map[K]V
	length int
}

// of is FNV-1a, which needs no state.
func of[K ~string](key K) int {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return int(h % count)
}

// Get is the value of a key, or the zero value.
func (m Map[K, V]) Get(key K) V {
	v, _ := m.Find(key)
	return v
}

// Find is the value of a key, and whether there is one.
func (m Map[K, V]) Find(key K) (v V, found bool) {
	if m.shards == nil {
		return v, false
	}
	v, found = m.shards[of(key)][key]
	return v, found
}

// Len is the number of keys.
func (m Map[K, V]) Len() int { return m.length }

// All yields every key and value, in no particular order.
func (m Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if m.shards == nil {
			return
		}
		for _, s := range m.shards {
			for k, v := range s {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}

// Equal says whether two maps have the same keys with the same values. Shards that they share are not looked at.
func (m Map[K, V]) Equal(o Map[K, V], same func(a, b V) bool) bool {
	if m.length != o.length || m.shards == nil || o.shards == nil {
		return m.length == o.length
	}
	for i, s := range m.shards {
		if t := o.shards[i]; !shared(s, t) && !maps.EqualFunc(s, t, same) {
			return false
		}
	}
	return true
}

// shared says whether two shards are one map.
func shared[K comparable, V any](a, b map[K]V) bool {
	return reflect.ValueOf(a).UnsafePointer() == reflect.ValueOf(b).UnsafePointer()
}

// Edit begins an edit of the map, which stays as it is.
func (m Map[K, V]) Edit() *Editor[K, V] { return &Editor[K, V]{next: m} }

// Editor gathers changes of a map. It is used by one goroutine.
type Editor[K ~string, V any] struct {
	next   Map[K, V]
	copied [count]bool
	begun  bool
}

// Get is the value of a key as edited so far.
func (e *Editor[K, V]) Get(key K) V { return e.next.Get(key) }

// own is the shard of a key, copied when the edit has not touched it before.
func (e *Editor[K, V]) own(key K) map[K]V {
	if !e.begun {
		shards := new([count]map[K]V)
		if e.next.shards != nil {
			*shards = *e.next.shards
		}
		e.next.shards, e.begun = shards, true
	}
	n := of(key)
	if !e.copied[n] {
		e.next.shards[n] = maps.Clone(e.next.shards[n])
		if e.next.shards[n] == nil {
			e.next.shards[n] = map[K]V{}
		}
		e.copied[n] = true
	}
	return e.next.shards[n]
}

// Set gives a key a value.
func (e *Editor[K, V]) Set(key K, value V) {
	s := e.own(key)
	before := len(s)
	s[key] = value
	e.next.length += len(s) - before
}

// Delete takes a key out.
func (e *Editor[K, V]) Delete(key K) {
	if _, found := e.next.Find(key); found {
		delete(e.own(key), key)
		e.next.length--
	}
}

// Map is the edited map. The editor is empty again afterwards.
func (e *Editor[K, V]) Map() Map[K, V] {
	m := e.next
	*e = Editor[K, V]{next: m}
	return m
}
