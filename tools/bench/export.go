package main

import "errors"

func (b *bench) export() error { return errors.New("not yet") }

func exportAll(sqlitePath string) error { return errors.New("not yet") }
