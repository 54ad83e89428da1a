package main

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"

	"github.com/CycloneDX/cyclonedx-go"
)

// bill is the list of the modules that a program was linked from, in
// CycloneDX: Go writes them into the program itself.
func bill(info *buildinfo.BuildInfo, program []byte) ([]byte, error) {
	sum := sha256.Sum256(program)
	of := func(kind cyclonedx.ComponentType, path, version string) cyclonedx.Component {
		url := "pkg:golang/" + path + "@" + version
		return cyclonedx.Component{Type: kind, BOMRef: url, PackageURL: url, Name: path, Version: version}
	}
	main := of(cyclonedx.ComponentTypeApplication, info.Main.Path, info.Main.Version)
	main.Hashes = &[]cyclonedx.Hash{{Algorithm: cyclonedx.HashAlgoSHA256, Value: hex.EncodeToString(sum[:])}}
	components := []cyclonedx.Component{of(cyclonedx.ComponentTypeLibrary, "std", info.GoVersion)}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		c := of(cyclonedx.ComponentTypeLibrary, m.Path, m.Version)
		c.Properties = &[]cyclonedx.Property{{Name: "go:sum", Value: m.Sum}}
		components = append(components, c)
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Component: &main}
	bom.Components = &components
	var b bytes.Buffer
	err := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom)
	return b.Bytes(), err
}
