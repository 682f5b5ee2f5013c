# A small ISO with the label by which one of Debian is known, and a file that is no medium.
echo words > notes.txt
"$PYTHON" - <<'EOF'
import pycdlib

image = pycdlib.PyCdlib()
image.new(vol_ident="Debian 13.1.0 amd64 n", interchange_level=3)
image.write("debian.iso")
EOF
