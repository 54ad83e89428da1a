// Package notify speaks first: it tells channels what became of tickets.
package notify
