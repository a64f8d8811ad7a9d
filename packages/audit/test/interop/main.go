// Reads a tile log with the libraries of the Go checksum database, which know nothing of this software: opens the
// checkpoint, recomputes every leaf hash from the entries, checks inclusion proofs and a consistency proof.
//
// Usage: main <log folder> <checkpoint file of an older size> <verifier key of the log> [verifier key of a witness ...]
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height      = 8
	width       = 1 << height
	proofStride = 61 // every so many entries one inclusion proof of its own
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: main <folder> <older checkpoint> <log key> [<witness key> ...]")
	}
	folder, older, keys := args[0], args[1], args[2:]
	verifiers, err := verifiersOf(keys)
	if err != nil {
		return err
	}
	tree, signers, err := openCheckpoint(filepath.Join(folder, "checkpoint"), verifiers)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, &tileFolder{path: folder})
	proofs, err := checkEntries(folder, tree, reader)
	if err != nil {
		return err
	}
	if err := checkConsistency(older, verifiers, tree, reader); err != nil {
		return err
	}
	fmt.Printf("%d entries, %d proofs, signed by %s\n", tree.N, proofs, strings.Join(signers, " "))
	return nil
}

// verifiersOf makes a verifier of the log's key and of each witness's key.
func verifiersOf(keys []string) (note.Verifiers, error) {
	log, err := note.NewVerifier(keys[0])
	if err != nil {
		return nil, err
	}
	list := []note.Verifier{log}
	for _, key := range keys[1:] {
		witness, err := newWitness(key)
		if err != nil {
			return nil, err
		}
		list = append(list, witness)
	}
	return note.VerifierList(list...), nil
}

// openCheckpoint verifies the note and reads the tree from its text.
func openCheckpoint(path string, verifiers note.Verifiers) (tlog.Tree, []string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	opened, err := note.Open(data, verifiers)
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 {
		return tlog.Tree{}, nil, errors.New("the text is not of three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return tlog.Tree{}, nil, err
	}
	var signers []string
	for _, signature := range opened.Sigs {
		signers = append(signers, signature.Name)
	}
	return tlog.Tree{N: size, Hash: root}, signers, nil
}

// checkEntries compares every entry with its leaf hash in the authenticated tiles, and proves the inclusion of some.
func checkEntries(folder string, tree tlog.Tree, reader tlog.HashReader) (proofs int, err error) {
	for start := int64(0); start < tree.N; start += width {
		end := start + width
		if end > tree.N {
			end = tree.N
		}
		entries, err := readBundle(folder, start/width, int(end-start))
		if err != nil {
			return 0, err
		}
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, start+int64(i))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return 0, err
		}
		for i, entry := range entries {
			index := start + int64(i)
			if tlog.RecordHash(entry) != hashes[i] {
				return 0, fmt.Errorf("entry %d is not what its leaf hash says", index)
			}
			if index%proofStride != 0 && index != tree.N-1 {
				continue
			}
			proof, err := tlog.ProveRecord(tree.N, index, reader)
			if err != nil {
				return 0, err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
				return 0, fmt.Errorf("entry %d: %w", index, err)
			}
			proofs++
		}
	}
	return proofs, nil
}

// checkConsistency proves that the tree begins with that of an older checkpoint.
func checkConsistency(path string, verifiers note.Verifiers, tree tlog.Tree, reader tlog.HashReader) error {
	old, _, err := openCheckpoint(path, verifiers)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, old.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
}

// readBundle takes the entries out of a bundle.
func readBundle(folder string, index int64, count int) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: 0, N: index, W: count}
	name := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s is cut off", name)
		}
		length := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if len(entries) != count {
		return nil, fmt.Errorf("%s has %d entries, not %d", name, len(entries), count)
	}
	return entries, nil
}

// tileFolder reads tiles under the names of C2SP tlog-tiles, in which the height is not said.
type tileFolder struct {
	path string
	read map[tlog.Tile][]byte
}

func (f *tileFolder) Height() int { return height }

func (f *tileFolder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	if f.read == nil {
		f.read = map[tlog.Tile][]byte{}
	}
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if known, ok := f.read[tile]; ok {
			data[i] = known
			continue
		}
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		bytes, err := os.ReadFile(filepath.Join(f.path, name))
		if err != nil {
			return nil, err
		}
		f.read[tile] = bytes
		data[i] = bytes
	}
	return data, nil
}

func (f *tileFolder) SaveTiles([]tlog.Tile, [][]byte) {}

// witness verifies the cosignatures of C2SP tlog-cosignature, which the library does not know.
type witness struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

const cosignature = 0x04

func newWitness(vkey string) (*witness, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("no verifier key")
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != cosignature {
		return nil, errors.New("no verifier key of a witness")
	}
	sum := sha256.Sum256(append([]byte(parts[0]+"\n"), key...))
	hash := binary.BigEndian.Uint32(sum[:4])
	if parts[1] != fmt.Sprintf("%08x", hash) {
		return nil, errors.New("a verifier key with another hash")
	}
	return &witness{parts[0], hash, key[1:]}, nil
}

func (w *witness) Name() string    { return w.name }
func (w *witness) KeyHash() uint32 { return w.hash }

func (w *witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	var message bytes.Buffer
	fmt.Fprintf(&message, "cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(signature))
	message.Write(text)
	return ed25519.Verify(w.key, message.Bytes(), signature[8:])
}
